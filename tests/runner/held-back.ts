/** What a tier has to say that runs beside another one: it waits until that one is through, and from then on is said as it comes. */

import type { Told } from './tally.ts'

export interface HeldBack {
  readonly told: Told
  /** From now on nothing waits. */
  release(): void
}

export function heldBack(to: Told): HeldBack {
  let waiting: (() => void)[] | null = []
  const say = (what: () => void): void => (waiting === null ? what() : void waiting.push(what))
  return {
    told: {
      tier: (name, files) => say(() => to.tier(name, files)),
      report: (report) => say(() => to.report(report)),
      note: (text) => say(() => to.note(text)),
    },
    release() {
      for (const what of waiting ?? []) what()
      waiting = null
    },
  }
}
