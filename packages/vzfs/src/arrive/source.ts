/** Another volume of the same node, as one that copies from it needs it. */

import type { PoolGate } from '../pool-gate.ts'

export interface CopySource {
  readonly path: string
  /** While `body` runs, nothing of its pool is deleted. */
  kept<T>(body: () => Promise<T>): Promise<T>
  /** While `body` runs, no relink and no rollback of this area is under way; one that was cut off is finished first. */
  settled<T>(area: number, body: () => Promise<T>): Promise<T>
}

/**
 * Runs body while contents neither of this volume nor of the other are deleted. Always the one before the other in the order of their paths: two that
 * copy in opposite directions, each behind a collection, would wait for each other for ever.
 */
export function inBoth<T>(gate: PoolGate, volume: string, from: CopySource, body: () => Promise<T>): Promise<T> {
  if (from.path < volume) return from.kept(() => gate.shared(body))
  return gate.shared(() => from.kept(body))
}
