/** What an OCI runtime wrote into its log. */

import { readFileSync } from 'node:fs'

/** The last message of a crun log in JSON format: what went wrong, in one line; '' when it said nothing. */
export function lastLogMessage(log: string): string {
  let text: string
  try {
    text = readFileSync(log, 'utf8')
  } catch {
    return ''
  }
  const last = text.trim().split('\n').at(-1) ?? ''
  try {
    const { msg } = JSON.parse(last) as { msg?: unknown }
    return typeof msg === 'string' ? msg : last
  } catch {
    return last
  }
}
