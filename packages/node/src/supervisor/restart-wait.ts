/** How long a child that ended is left down: not at all when it was well, longer each time when it ends soon again and again. */

const FIRST_WAIT = 100
const LONGEST_WAIT = 5_000
/** One that lived this long was well. */
const WELL_AFTER = 10_000

/** All in milliseconds. @param before the wait before the life that just ended, 0 when there was none */
export function restartWait(lived: number, before: number): number {
  return lived >= WELL_AFTER ? 0 : Math.min(Math.max(2 * before, FIRST_WAIT), LONGEST_WAIT)
}
