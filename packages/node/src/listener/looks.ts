/**
 * What this thread does of itself now and then, in steps, between answers. Tenants decide how long all of it takes, so it has a tenth of the time:
 * after each step it rests for nine times as long, and whoever calls meanwhile is answered at once.
 */

export interface Looks {
  /** Milliseconds until the next step. */
  patience(): number
  /** Takes a step if it is time. */
  step(): void
}

const REST = 9

/** @param begin called every `everyMs`, once the look before is over */
export function openLooks(begin: () => Generator<void, void>, everyMs: number, now: () => number): Looks {
  let began = now()
  let next = began + everyMs
  let looking: Generator<void, void> | null = null
  return {
    patience: () => Math.max(0, Math.ceil(next - now())),
    step() {
      const since = now()
      if (since < next) return
      if (looking === null) {
        began = since
        looking = begin()
      }
      if (looking.next().done) looking = null
      const over = now()
      next = Math.max(over + REST * (over - since), looking === null ? began + everyMs : 0)
    },
  }
}
