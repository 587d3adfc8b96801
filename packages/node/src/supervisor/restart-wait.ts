/**
 * How long a child that ended is left down: not at all when it was well; else two starts in a row lie ever further apart, five seconds at the most. What it
 * lived counts for that, so one that worked for a while is back sooner than one that cannot begin.
 */

const FIRST = 100
const LONGEST = 5_000
/** One that lived this long was well. */
const WELL_AFTER = 10_000

/** In milliseconds. */
export interface RestartWait {
  /** From the start of the life that just ended to the next. */
  readonly apart: number
  /** What of it is left. */
  readonly wait: number
}

/** @param lived the life that just ended @param before how far it and the one before lay apart; 0 when there was none */
export function restartWait(lived: number, before: number): RestartWait {
  if (lived >= WELL_AFTER) return { apart: 0, wait: 0 }
  const apart = Math.min(Math.max(2 * before, FIRST), LONGEST)
  return { apart, wait: Math.max(0, apart - lived) }
}
