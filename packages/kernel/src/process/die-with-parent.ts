/** For a child that must not outlive who started it, however that ends. prctl(2), PR_SET_PDEATHSIG. */

import { constants } from 'node:os'
import { libc } from '../libc/libc.ts'

const PR_SET_PDEATHSIG = 1

/** @throws when the parent has ended before this came into force */
export function dieWithParent(parent: number): void {
  libc.prctl('PR_SET_PDEATHSIG', PR_SET_PDEATHSIG, constants.signals.SIGKILL, 0, 0, 0)
  if (process.ppid !== parent) throw new Error(`the process ${parent} that started this one has ended`)
}
