/** Logs of processes that know nothing of log files: appended to, and put aside before a start when they have grown. */

import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs'

const MOST_BYTES = 10 * 1024 * 1024
/** More than any last line that is of use. */
const TAIL_BYTES = 4096

/** Moves LOG to LOG.1, over an older one, when it is over 10 MB. A process that still has it open goes on writing to the moved one. */
export function rotate(log: string): void {
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) > MOST_BYTES) renameSync(log, `${log}.1`)
}

/** For the message that a start failed; '' when there is none. */
export function lastLine(log: string): string {
  try {
    const fd = openSync(log, 'r')
    try {
      const tail = Buffer.alloc(TAIL_BYTES)
      const length = readSync(fd, tail, 0, TAIL_BYTES, Math.max(0, fstatSync(fd).size - TAIL_BYTES))
      return tail.toString('utf8', 0, length).trim().split('\n').at(-1) ?? ''
    } finally {
      closeSync(fd)
    }
  } catch {
    return ''
  }
}
