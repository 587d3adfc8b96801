/** Who works when: one at a time for each VPS, in the order of asking; and no more than so many in all. */

export interface Turns {
  /** Those without a VPS need no turn. */
  take<T>(vps: number | null, body: () => Promise<T>): Promise<T>
  /** Whether somebody works on this VPS or waits for it. */
  taken(vps: number): boolean
}

export function openTurns(): Turns {
  const last = new Map<number, Promise<unknown>>()
  return {
    async take(vps, body) {
      if (vps === null) return body()
      const turn = (last.get(vps) ?? Promise.resolve()).then(body, body)
      const settled = turn.catch(() => undefined)
      last.set(vps, settled)
      try {
        return await turn
      } finally {
        if (last.get(vps) === settled) last.delete(vps)
      }
    },
    taken: (vps) => last.has(vps),
  }
}

export function semaphore(places: number): <T>(body: () => Promise<T>) => Promise<T> {
  let free = places
  const waiting: (() => void)[] = []
  return async (body) => {
    if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve))
    else free -= 1
    try {
      return await body()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free += 1
    }
  }
}
