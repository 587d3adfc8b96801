/** What can be seen of an installation whose daemon does not answer, and what to do about it. Nothing is changed, and no daemon is needed. */

import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Finding } from '@insula/contract/light'
import { instanceOption } from '../transport/refused.ts'
import { examineData } from './data.ts'
import type { Installation } from './installation.ts'
import { examineProcesses } from './processes.ts'

export function examineAbsent(installation: Installation): Finding[] {
  const { places, instance } = installation
  const answerless = { severity: 'error', subject: 'insulad', repairable: false } as const
  if (!existsSync(places.configFile) && !existsSync(places.state)) {
    const [another] = namesIn(dirname(places.configFile))
    const known = another === undefined ? '' : `; another instance is there: insula doctor --instance ${another}`
    const remedy = `sudo ./up${instanceOption(instance)} in the checkout installs it${known}`
    return [{ ...answerless, subject: 'installation', message: `there is no instance ${instance} on this machine`, remedy }]
  }
  if (!mayLook(places.state)) {
    const remedy = `sudo insula doctor${instanceOption(instance)}`
    return [{ ...answerless, message: 'it does not answer; why can be seen by root alone', remedy }]
  }
  return [...examineProcesses(installation), ...examineData(installation)]
}

function mayLook(directory: string): boolean {
  try {
    if (existsSync(directory)) accessSync(directory, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** Instances that are configured. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []))
  } catch {
    return []
  }
}
