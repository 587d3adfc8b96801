/** One thing done to many VPSs: so many at once, canaries first, and not on and on when it fails. */

import { ApiFailure, type AppResult } from '@insula/contract'
import { semaphore } from '../tasks/turns.ts'

export interface RolloutPlan {
  readonly parallel: number
  /** After so many failures the others are not tried. */
  readonly stopAfter: number | undefined
  /** So many are done first; one that fails stops the others. */
  readonly canary: number | undefined
}

const messageOf = (error: unknown): string =>
  error instanceof ApiFailure && error.remedy !== undefined
    ? `${error.message}; ${error.remedy}`
    : error instanceof Error
      ? error.message
      : String(error)

type Result = AppResult['vps'][number]
type Target = Pick<Result, 'vps' | 'name'>

/** Results in the order of targets. `body` gives the outcome; what it throws is a failure of that one. */
export async function rollOut(
  targets: readonly Target[],
  { parallel, stopAfter = Infinity, canary = 0 }: RolloutPlan,
  body: (target: Target) => Promise<Pick<Result, 'outcome' | 'message'>>,
  signal: AbortSignal,
  onEnd: (result: Result, ended: number) => void = () => undefined,
): Promise<Result[]> {
  const results = new Map<number, Result>()
  let failures = 0
  const inTurn = async (group: readonly Target[], most: number): Promise<void> => {
    const slots = semaphore(parallel)
    await Promise.all(
      group.map((target) =>
        slots(async () => {
          if (failures >= most || signal.aborted) return
          const ended = await body(target).catch((error: unknown) => ({
            outcome: 'failed' as const,
            message: messageOf(error),
          }))
          if (signal.aborted) return
          if (ended.outcome === 'failed') failures += 1
          const result = { ...target, ...ended }
          results.set(target.vps, result)
          onEnd(result, results.size)
        }),
      ),
    )
  }
  await inTurn(targets.slice(0, canary), 1)
  if (failures === 0) await inTurn(targets.slice(canary), stopAfter)
  signal.throwIfAborted()
  const why = 'others failed before it'
  return targets.map((target) => results.get(target.vps) ?? { ...target, outcome: 'untried', message: why })
}
