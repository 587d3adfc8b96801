/** Many VPSs updated, as one task. Done again, it goes on where it was cut off. */

import type { AppResult } from '@insula/contract'
import { rollOut, type RolloutPlan } from '../apps/rollout.ts'
import { type ChosenVps, requireChosen, targetsOf } from '../apps/targets.ts'
import type { Means } from '../means.ts'
import type { TaskContext } from '../tasks/engine.ts'
import { updateVps } from './update-vps.ts'

/** What is written down with the task. */
export interface UpdateParams extends RolloutPlan, ChosenVps {
  readonly named: boolean
  readonly dryRun: boolean
}

export const UPDATE_KIND = 'update.apply'

export async function runUpdates(means: Means, written: unknown, context: TaskContext): Promise<AppResult> {
  const params = written as UpdateParams
  const { inventory, relinks, tasks } = means
  const targets = targetsOf(means, params)
  const created = new Set(params.vps.flatMap((vps) => inventory.get(vps)?.template ?? []))
  const before = (template: string): string[] => [...created].filter((ref) => ref.split('@')[0] === template)
  const results = await rollOut(
    targets,
    params,
    (target) => {
      const { vps } = target
      relinks.giveWay(vps)
      return tasks.exclusively(vps, async () => {
        requireChosen(means, params, target)
        return updateVps(means, vps, { ...params, before }, context)
      })
    },
    context.signal,
    ({ name, outcome, message }, ended) => {
      context.log(`${name}: ${outcome}${message === null ? '' : `: ${message}`}`)
      context.progress(`${name}: ${outcome}`, ended, targets.length)
    },
  )
  return { app: 'updates', vps: results }
}
