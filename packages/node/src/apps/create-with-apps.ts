/** A VPS that has apps from the beginning: they are a layer below its files, and configured when it has booted. */

import type { VpsCreate } from '@insula/contract'
import type { App, Values } from '@insula/templates'
import { failure } from '../failures.ts'
import { createVps, uncreate } from '../life/create.ts'
import { startVps } from '../life/start.ts'
import type { Means } from '../means.ts'
import type { AppRecord, VpsRecord } from '../record.ts'
import { withStack } from '../stacks/stacks.ts'
import type { TaskContext } from '../tasks/engine.ts'
import { findApp, isLayerable, requireNoSecrets, systemFor, valuesFor, waitingFor } from './app-of.ts'
import { configureApps, untilBooted, waits } from './configure.ts'
import { stackInstall } from './stack-install.ts'

export interface Chosen {
  readonly apps: readonly AppRecord[]
  /** By app: what is not written down. */
  readonly secrets: Readonly<Record<string, Values>>
}

/** What was asked for and what that needs, in the order in which it is installed. @param template a version @throws ApiFailure */
export async function chooseApps(
  means: Means,
  { apps: wishes = [], start = false }: Pick<VpsCreate, 'apps' | 'start'>,
  template: string,
  doing: string,
): Promise<Chosen> {
  const chosen = new Map<string, { readonly app: App; readonly given: Values }>()
  const take = async (ref: string, given: Values, above: readonly string[]): Promise<void> => {
    const app = await findApp(means, ref, doing)
    if (above.includes(app.name))
      throw failure('conflict', `${doing}: ${[...above, app.name].join(' needs ')}`, 'end the circle in their definitions')
    for (const need of app.needs) if (!chosen.has(need)) await take(wishFor(need), givenFor(need), [...above, app.name])
    if (!chosen.has(app.name)) chosen.set(app.name, { app, given })
  }
  const nameOf = (ref: string): string => ref.split('@')[0] ?? ref
  const wishFor = (name: string): string => wishes.find(({ app }) => nameOf(app) === name)?.app ?? name
  const givenFor = (name: string): Values => wishes.find(({ app }) => nameOf(app) === name)?.parameters ?? {}
  for (const { app, parameters } of wishes) await take(app, parameters, [])
  const since = new Date().toISOString()
  const secrets: Record<string, Values> = {}
  const apps = [...chosen.values()].map(({ app, given }): AppRecord => {
    systemFor(app, template, doing)
    if (!isLayerable(app))
      throw failure(
        'conflict',
        `${doing}: ${app.ref} has scripts that run before its packages come, in the VPS itself`,
        `create it without, and add it then: insula app add VPS ${app.name}`,
      )
    if (!start) requireNoSecrets(app, given, 'add', doing)
    // What has no value is told now, not at the boot.
    const { kept } = valuesFor(app, given, undefined, { makeSecrets: start }, doing)
    secrets[app.name] = Object.fromEntries(Object.entries(given).filter(([key]) => app.parameters[key]?.type === 'secret'))
    const pending = waitingFor(app, 'post-install')
    const state = pending === null ? 'ready' : 'pending'
    return {
      name: app.name,
      ref: app.ref,
      how: 'layer',
      state,
      problem: null,
      parameters: kept,
      since,
      came: [],
      remains: [],
      pending,
    }
  })
  return { apps, secrets }
}

/** Makes an admitted VPS; takes everything back when that fails. */
export async function createWithApps(means: Means, record: VpsRecord, context: TaskContext): Promise<VpsRecord> {
  const { id, apps } = record
  if (apps.length === 0) return createVps(means, record, context)
  try {
    const template = await means.templates.find(record.template)
    if (template === null) throw failure('template_unknown', `template ${record.template} was removed meanwhile`)
    const refs = apps.map(({ ref }) => ref)
    const work = { signal: context.signal, log: context.log }
    context.progress('shared layer')
    return await withStack(
      means,
      { template, apps: refs },
      stackInstall(means, template.ref, context),
      work,
      async (layers, came) => {
        const fields = { layers: [...layers], apps: apps.map((one) => ({ ...one, came: [...(came[one.ref] ?? [])] })) }
        context.progress('private area')
        return createVps(means, await means.inventory.change(id, fields), context)
      },
    )
  } catch (error) {
    if (means.inventory.get(id)?.state === 'creating') await uncreate(means, id)
    throw error
  }
}

/** In the VPS's turn: what waits is configured before this ends, so secrets are of this task. A VPS is there also when an app cannot be configured. */
export async function startConfigured(
  means: Means,
  id: number,
  context: TaskContext,
  secrets: Chosen['secrets'],
): Promise<VpsRecord> {
  means.configuring.add(id)
  try {
    const started = await startVps(means, id, context.signal)
    if (!waits(started)) return started
    await untilBooted(means, id, context)
    context.progress('configuring apps')
    await configureApps(means, id, context, secrets)
    return means.inventory.get(id) ?? started
  } finally {
    means.configuring.delete(id)
  }
}
