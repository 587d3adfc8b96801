/** What commands on apps in many VPSs have in common: which VPSs, how many at once, and what came of it. */

import { type AppResult, type Task, type TaskSecrets, TEMPLATE_REF, TEMPLATE_RULE } from '@insula/contract/light'
import { UsageError, output } from './command.ts'
import type { Context } from './context.ts'
import { taskOptions } from './task/run-task.ts'
import { wholeNumber } from './values.ts'

export const appArguments = {
  words: { about: 'VPSs by name or id, and last the app', many: true, complete: 'vps' },
} as const

export const manyOptions = {
  all: { short: 'a', about: 'all VPSs' },
  template: {
    value: 'TEMPLATE',
    about: 'those of an OS template, or of one version of it',
    parse: reference,
    complete: 'template',
  },
  app: { value: 'APP', about: 'those that have an app, or one version of it', parse: reference },
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

interface ManyOptions {
  readonly all: boolean
  readonly template: string | undefined
  readonly app: string | undefined
  readonly parallel: number | undefined
  readonly 'stop-after': number | undefined
  readonly canary: number | undefined
  readonly 'dry-run': boolean
}

export function manyBody(words: readonly string[], options: ManyOptions) {
  const [app, ...vps] = words.toReversed()
  if (app === undefined) throw new UsageError('needs VPSs and last an app, as in: web db nginx')
  if (!TEMPLATE_REF.test(app)) throw new UsageError(`'${app}' is no app: it comes last, after the VPSs`)
  return { app, ...selection(vps.toReversed(), options, ' before the app') }
}

export function selection(vps: readonly string[], options: ManyOptions, where = '') {
  const { all, template, app: having, parallel, canary } = options
  const chosen = [
    vps.length > 0 ? { vps: [...vps] } : null,
    template === undefined ? null : { template },
    having === undefined ? null : { app: having },
    all ? { all: true as const } : null,
  ].filter((one) => one !== null)
  const [select, ...more] = chosen
  if (select === undefined) throw new UsageError(`needs VPSs${where}, or --template, --app or --all`)
  if (more.length > 0) throw new UsageError('takes one of names, --template, --app and --all')
  return {
    select,
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
  if (!json) tellSecrets(context, secrets)
  return failed.length === 0 ? 0 : 1
}

export function tellSecrets(context: Context, secrets: TaskSecrets['secrets']): void {
  for (const { vps, values } of secrets)
    for (const [key, value] of Object.entries(values)) context.print(`${vps}: ${key} is ${value} (it is not shown again)`)
}

export function reference(text: string): string {
  if (TEMPLATE_REF.test(text)) return text
  throw new UsageError(`takes ${TEMPLATE_RULE}, not '${text}'`)
}

function assignment(text: string): readonly [string, string] {
  const [, name, value] = /^([a-z][a-z0-9-]{0,40})=(.*)$/s.exec(text) ?? []
  if (name !== undefined && value !== undefined) return [name, value]
  throw new UsageError(`takes a parameter and its value, as in port=8080, not '${text}'`)
}
