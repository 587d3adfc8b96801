/** Tells those who wait for a VPS's init to end, and for all others the one who handles unexpected ends. */

import type { ExitReport } from '../keeper/keeper.ts'

export interface ExitBook {
  /** Resolves with the next end of this VPS's init that is reported from now on. */
  expect(id: number): { readonly ended: Promise<ExitReport>; [Symbol.dispose](): void }
  /** A report came in. True when somebody expected it. */
  report(report: ExitReport): boolean
}

export function openExitBook(): ExitBook {
  const expected = new Map<number, Set<(report: ExitReport) => void>>()
  return {
    expect(id) {
      const { promise, resolve } = Promise.withResolvers<ExitReport>()
      const waiting = expected.get(id) ?? new Set()
      expected.set(id, waiting.add(resolve))
      return {
        ended: promise,
        [Symbol.dispose]() {
          waiting.delete(resolve)
          if (waiting.size === 0) expected.delete(id)
        },
      }
    },
    report(report) {
      const waiting = expected.get(Number(report.id))
      if (!waiting) return false
      for (const resolve of waiting) resolve(report)
      return true
    },
  }
}
