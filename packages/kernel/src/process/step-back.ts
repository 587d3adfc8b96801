/** Lets all others go first: the calling thread alone reads the disk when nobody else does, and computes when nobody else does. */

import { directCalls } from '../libc/direct.ts'

const SYS = { setpriority: 141, ioprioSet: 251 } as const
/** 0: the calling thread. ioprio_set(2), setpriority(2) */
const PRIO_PROCESS = 0
const IOPRIO_WHO_PROCESS = 1
const IOPRIO_IDLE = 3 << 13
const NICEST = 19

/** Says nothing of a refusal: it is a courtesy, and a scheduler of disks may not know it at all. */
export function stepBack(): void {
  const call = directCalls()('long (long number, int which, int who, int value)')
  call(SYS.setpriority, PRIO_PROCESS, 0, NICEST)
  call(SYS.ioprioSet, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE)
}
