/** For a child that must not outlive who started it, however that ends. prctl(2), PR_SET_PDEATHSIG. */

import { constants } from 'node:os'
import { libc } from '../libc/libc.ts'

const PR_SET_PDEATHSIG = 1
const PR_GET_PDEATHSIG = 2

/** @throws when the parent has ended before this came into force */
export function dieWithParent(parent: number): void {
  setParentDeathSignal(constants.signals.SIGKILL)
  if (process.ppid !== parent) throw new Error(`the process ${parent} that started this one has ended`)
}

/** Of the calling thread; 0: none. */
export function parentDeathSignal(): number {
  const signal = Buffer.alloc(4)
  libc.prctlInto('PR_GET_PDEATHSIG', PR_GET_PDEATHSIG, signal)
  return signal.readInt32LE()
}

export function setParentDeathSignal(signal: number): void {
  libc.prctl('PR_SET_PDEATHSIG', PR_SET_PDEATHSIG, signal, 0, 0, 0)
}
