/** Secrets that tasks made, until somebody takes them: in memory alone. */

import type { TaskSecrets } from '@insula/contract'

export interface SecretShelf {
  put(task: number, vps: string, values: Readonly<Record<string, string>>): void
  /** Once. */
  take(task: number): TaskSecrets['secrets']
}

/** Tasks whose secrets nobody has taken. */
const KEPT = 200

export function openSecrets(): SecretShelf {
  const kept = new Map<number, TaskSecrets['secrets']>()
  return {
    put(task, vps, values) {
      if (Object.keys(values).length === 0) return
      kept.set(task, [...(kept.get(task) ?? []), { vps, values: { ...values } }])
      const [oldest] = kept.keys()
      if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest)
    },
    take(task) {
      const found = kept.get(task) ?? []
      kept.delete(task)
      return found
    },
  }
}
