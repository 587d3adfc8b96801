/** What an OCI runtime wrote into its log. */

import { readFileSync } from 'node:fs'

/** What crun's own process says when the child that it forked has said why already. */
const VAGUE = 'fail startup'

/** The last message of a crun log in JSON format that tells: what went wrong, in one line; '' when it said nothing. */
export function lastLogMessage(log: string): string {
  let text: string
  try {
    text = readFileSync(log, 'utf8')
  } catch {
    return ''
  }
  const messages = text.trim().split('\n').map(messageOf)
  return messages.findLast((message) => message !== VAGUE) ?? VAGUE
}

function messageOf(line: string): string {
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown }
    return typeof msg === 'string' ? msg : line
  } catch {
    return line
  }
}
