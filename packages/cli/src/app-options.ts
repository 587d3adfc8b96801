/** What commands on apps in many VPSs have in common: which VPSs, how many at once, and what came of it. */

import { type AppResult, type Task, type TaskSecrets, TEMPLATE_REF } from '@insula/contract/light'
import { UsageError, output } from './command.ts'
import type { Context } from './context.ts'
import { type SelectionOptions, selectionOf, selectionOptions } from './selection.ts'
import { taskOptions } from './task/run-task.ts'
import { wholeNumber } from './values.ts'

export const appArguments = {
  words: { about: 'VPSs by name or id, and last the app', many: true, complete: 'vps' },
} as const

export const manyOptions = {
  ...selectionOptions,
  parallel: { value: 'N', about: 'so many at once (default: 4)', parse: wholeNumber(1, 64) },
  'stop-after': { value: 'N', about: 'after so many failures the others are not tried', parse: wholeNumber(1, 10_000) },
  canary: { value: 'N', about: 'so many first; one that fails stops the others', parse: wholeNumber(1, 1_000) },
  'dry-run': { about: 'only say what would be done' },
  ...taskOptions,
  ...output,
} as const

export const setOption = {
  set: { value: 'NAME=VALUE', many: true, about: 'a parameter of the app; `insula app show` lists them', parse: assignment },
} as const

interface ManyOptions extends SelectionOptions {
  readonly parallel: number | undefined
  readonly 'stop-after': number | undefined
  readonly canary: number | undefined
  readonly 'dry-run': boolean
}

export function manyBody(words: readonly string[], options: ManyOptions) {
  const [app, ...vps] = words.toReversed()
  if (app === undefined) throw new UsageError('needs VPSs and last an app, as in: web db nginx')
  if (!TEMPLATE_REF.test(app)) throw new UsageError(`'${app}' is no app: it comes last, after the VPSs`)
  return { app, ...manyOf(vps.toReversed(), options, ' before the app') }
}

export function manyOf(vps: readonly string[], options: ManyOptions, where = '') {
  const { parallel, canary } = options
  return {
    select: selectionOf(vps, options, { where }),
    ...(parallel === undefined ? {} : { parallel }),
    ...(options['stop-after'] === undefined ? {} : { stopAfter: options['stop-after'] }),
    ...(canary === undefined ? {} : { canary }),
    ...(options['dry-run'] ? { dryRun: true } : {}),
  }
}

/** One line for each VPS, then secrets that were made. @returns the exit code */
export async function tellResult(
  context: Context,
  task: Task | null,
  done: string,
  { json, quiet }: { readonly json: boolean; readonly quiet: boolean },
): Promise<number> {
  if (task === null) return 0
  const { app, vps } = task.result as AppResult
  const { secrets } = await (await context.client()).taskSecrets({ params: { task: task.id } })
  const failed = vps.filter(({ outcome }) => outcome === 'failed' || outcome === 'untried')
  if (json) context.print(JSON.stringify({ app, vps, secrets }, null, 2))
  else
    for (const { name, outcome, message } of vps) {
      if (outcome === 'failed') context.note(`${name}: ${message ?? 'failed'}`)
      else if (outcome === 'untried') context.note(`${name}: not tried: ${message ?? ''}`)
      else if (quiet) context.print(name)
      else if (outcome === 'done') context.print(`${name}: ${app} ${done}${message === null ? '' : ` (${message})`}`)
      else if (outcome === 'planned') context.print(`${name}: would be ${done}: ${message ?? app}`)
      else context.print(`${name}: nothing to do: ${message ?? ''}`)
    }
  tellNone(context, vps, json)
  if (!json) tellSecrets(context, secrets)
  return failed.length === 0 ? 0 : 1
}

/** Silence would be taken for success. */
export function tellNone(context: Context, vps: AppResult['vps'], json: boolean): void {
  if (!json && vps.length === 0) context.note('no VPS is like that')
}

export function tellSecrets(context: Context, secrets: TaskSecrets['secrets']): void {
  for (const { vps, values } of secrets)
    for (const [key, value] of Object.entries(values)) context.print(`${vps}: ${key} is ${value} (it is not shown again)`)
}

function assignment(text: string): readonly [string, string] {
  const [, name, value] = /^([a-z][a-z0-9-]{0,40})=(.*)$/s.exec(text) ?? []
  if (name !== undefined && value !== undefined) return [name, value]
  throw new UsageError(`takes a parameter and its value, as in port=8080, not '${text}'`)
}
