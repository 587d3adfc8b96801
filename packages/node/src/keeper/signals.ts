/** Signals by name, as signal(7) has them, and by number. */

import { constants } from 'node:os'
import { KeeperError } from './errors.ts'

/** The first that glibc leaves to programs. */
const SIGRTMIN = 34

/** @param name "SIGTERM", "SIGRTMIN+3" @throws KeeperError for a name that is none */
export function signalNumber(name: string): number {
  const realTime = /^SIGRTMIN(?:\+(\d{1,2}))?$/.exec(name)
  if (realTime) return SIGRTMIN + Number(realTime[1] ?? 0)
  const number = constants.signals[name as NodeJS.Signals]
  if (number === undefined) throw new KeeperError('internal', `${name} is not a signal`)
  return number
}

/** "signal 37" for one without a name of its own. */
export function signalName(number: number | null): string | null {
  if (number === null) return null
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`
}
