/** Signals by name, as signal(7) has them, and by number. */

import { constants } from 'node:os'
import { KeeperError } from './errors.ts'

/** What glibc leaves to programs, the first and the last. */
const [SIGRTMIN, SIGRTMAX] = [34, 64]

/** @param name "SIGTERM", "SIGRTMIN+3", "SIGRTMAX-2" @throws KeeperError for a name that is none */
export function signalNumber(name: string): number {
  const [, end, away] = /^SIGRT(MIN|MAX)([+-]\d{1,2})?$/.exec(name) ?? []
  const number =
    end === undefined ? constants.signals[name as NodeJS.Signals] : (end === 'MIN' ? SIGRTMIN : SIGRTMAX) + Number(away ?? 0)
  const isOne = number !== undefined && (end === undefined || (number >= SIGRTMIN && number <= SIGRTMAX))
  if (!isOne) throw new KeeperError('internal', `${name} is not a signal`)
  return number
}

/** "signal 37" for one without a name of its own. */
export function signalName(number: number | null): string | null {
  if (number === null) return null
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`
}
