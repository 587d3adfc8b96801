/** An app added, upgraded or removed in many VPSs, as one task. Done again, it goes on where it was cut off: what is done is done already. */

import type { AppResult } from '@insula/contract'
import type { App } from '@insula/templates'
import type { Means } from '../means.ts'
import type { TaskContext } from '../tasks/engine.ts'
import { versionOf } from './app-of.ts'
import { applyApp } from './apply.ts'
import type { Asked } from './asked.ts'
import { rollOut, type RolloutPlan } from './rollout.ts'
import { type ChosenVps, requireChosen, targetsOf } from './targets.ts'

/** What is written down with the task; without secrets. */
export interface ManyParams extends RolloutPlan, ChosenVps {
  /** A version, or for a removal a name. */
  readonly app: string
  readonly parameters: Readonly<Record<string, string>>
  readonly purge: boolean
  readonly dryRun: boolean
}

export const APP_KINDS: Readonly<Record<string, Asked['deed']>> = {
  'app.add': 'add',
  'app.upgrade': 'upgrade',
  'app.remove': 'remove',
}

/** @param secrets that were given, which are not written down */
export async function runOnMany(
  means: Means,
  deed: Asked['deed'],
  written: unknown,
  context: TaskContext,
  secrets: Readonly<Record<string, string>> = {},
): Promise<AppResult> {
  const params = written as ManyParams
  const targets = targetsOf(means, params)
  const results = await rollOut(
    targets,
    params,
    (target) => {
      const { vps } = target
      means.relinks.giveWay(vps)
      return means.tasks.exclusively(vps, async () => {
        const { name } = requireChosen(means, params, target)
        const app = await appFor(means, deed, params.app, vps)
        if (app === null) return { outcome: 'unchanged', message: 'it does not have it' }
        const asked = { deed, app, parameters: { ...params.parameters, ...secrets }, purge: params.purge }
        const { made, ...done } = await applyApp(means, vps, asked, context, params.dryRun)
        means.secrets.put(context.id, name, made)
        return done
      })
    },
    context.signal,
    ({ name, outcome, message }, ended) => {
      context.log(`${name}: ${outcome}${message === null ? '' : `: ${message}`}`)
      context.progress(`${name}: ${outcome}`, ended, targets.length)
    },
  )
  return { app: params.app, vps: results }
}

/** The version that is asked for; of a removal the one that the VPS has, null when it has none. */
async function appFor(means: Means, deed: Asked['deed'], wanted: string, vps: number): Promise<App | null> {
  const ref = deed === 'remove' ? means.inventory.get(vps)?.apps.find(({ name }) => name === wanted)?.ref : wanted
  return ref === undefined ? null : versionOf(means, ref, `cannot ${deed} app ${wanted}`)
}
