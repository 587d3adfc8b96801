/** The supervisor of a place, if one runs. It leaves its pid file behind when it is killed, and its number may be another process's by then. */

import { readFileSync } from 'node:fs'
import { pidFile, type Place } from './children.ts'

export const titleOf = ({ name }: Pick<Place, 'name'>): string => `insula-supervisor ${name}`

export function supervisorPid(place: Place): number | null {
  try {
    const pid = Number(readFileSync(pidFile(place, 'supervisor'), 'utf8'))
    // Its title is in place of its arguments.
    const title = readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()
    return title === titleOf(place) ? pid : null
  } catch {
    return null
  }
}
