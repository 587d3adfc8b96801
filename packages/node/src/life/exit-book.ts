/** Tells those who wait for a VPS's init to end, and for all others the one who handles unexpected ends. */

import type { ExitReport } from '../keeper/keeper.ts'

export interface ExitBook {
  /** Resolves with the next end of this VPS's init that is reported from now on. */
  expect(id: number): { readonly ended: Promise<ExitReport>; [Symbol.dispose](): void }
  /** A report came in. True when somebody expected it. */
  report(report: ExitReport): boolean
  /** The last report that nobody expected, handed out once: for who finds a VPS dead. */
  take(id: number): ExitReport | null
}

export function openExitBook(): ExitBook {
  const expected = new Map<number, Set<(report: ExitReport) => void>>()
  const unexpected = new Map<number, ExitReport>()
  return {
    expect(id) {
      const { promise, resolve } = Promise.withResolvers<ExitReport>()
      const waiting = expected.get(id) ?? new Set()
      expected.set(id, waiting.add(resolve))
      unexpected.delete(id)
      return {
        ended: promise,
        [Symbol.dispose]() {
          waiting.delete(resolve)
          if (waiting.size === 0) expected.delete(id)
        },
      }
    },
    report(report) {
      const id = Number(report.id)
      const waiting = expected.get(id)
      if (!waiting) unexpected.set(id, report)
      for (const resolve of waiting ?? []) resolve(report)
      return waiting !== undefined
    },
    take(id) {
      const report = unexpected.get(id) ?? null
      unexpected.delete(id)
      return report
    },
  }
}
