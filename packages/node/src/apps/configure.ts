/** What was put into a VPS while it was stopped is configured once it has booted: scripts and health check of each app, with its values, once. */

import { configureApp, InsideFailed, type Values } from '@insula/templates'
import type { Means } from '../means.ts'
import type { AppRecord, VpsRecord } from '../record.ts'
import { bootOf } from '../life/boot-state.ts'
import { systemFor, valuesFor, versionOf } from './app-of.ts'
import { insideVps } from './inside-vps.ts'
import { type AppContext, workFor } from './work-for.ts'
import { setApp } from './written.ts'

/** A VPS that is not up after so long gets it at its next boot. */
const PATIENCE_MS = 5 * 60_000

export const waits = ({ apps }: Pick<VpsRecord, 'apps'>): boolean => apps.some(({ state }) => state === 'pending')

/** @throws ApiFailure when it is stopped meanwhile, or does not come up in time */
export async function untilBooted(means: Means, id: number, { signal, progress }: AppContext): Promise<void> {
  progress('waiting until it has booted')
  for (const deadline = Date.now() + PATIENCE_MS; ;) {
    signal.throwIfAborted()
    const { state } = await bootOf(means, `${id}`, ASK_MS)
    if (state !== 'booting') return
    if (Date.now() > deadline) throw new Error('it has not booted in time; its apps are configured at its next boot')
  }
}

const ASK_MS = 1_000

/**
 * In the VPS's turn, while it runs. What fails is in its record, in the task's log and told as an event, and the next one is tried.
 * @param given secrets, by app, that came with the request
 */
export async function configureApps(
  means: Means,
  id: number,
  context: AppContext,
  given: Readonly<Record<string, Values>> = {},
): Promise<void> {
  for (const { name } of means.inventory.get(id)?.apps ?? []) {
    const vps = means.inventory.get(id)
    const entry = vps?.apps.find((one) => one.name === name)
    // Whoever had the turn before may have stopped it.
    if (vps?.state !== 'running' || entry?.state !== 'pending') continue
    await configure(means, vps, entry, context, given[name] ?? {})
  }
}

async function configure(means: Means, vps: VpsRecord, entry: AppRecord, context: AppContext, given: Values): Promise<void> {
  const doing = `cannot configure app ${entry.name} in VPS "${vps.name}"`
  const end = async (problem: string | null): Promise<void> => {
    const fields = {
      state: problem === null ? 'ready' : 'failed',
      problem,
      pending: problem === null ? null : entry.pending,
    } as const
    await setApp(means, vps.id, { ...entry, ...fields })
    context.log(`${vps.name}: ${problem ?? `${entry.ref} is configured`}`)
    means.events.emit({ kind: 'app.configured', vps: vps.id, data: { name: vps.name, app: entry.ref, problem } })
  }
  try {
    const app = await versionOf(means, entry.ref, doing)
    const phase = entry.pending ?? 'post-install'
    const { values, made } = valuesFor(app, given, entry.parameters, { makeSecrets: phase === 'post-install' }, doing)
    const system = systemFor(app, vps.template, doing)
    const inside = insideVps(means.keeper, vps.id, context.signal)
    await configureApp(workFor(means, { inside, app, system, vps, values }, context), phase)
    means.secrets.put(context.id, vps.name, withName(app.name, made))
  } catch (error) {
    context.signal.throwIfAborted()
    // It went down in the middle: the next boot does it all.
    if (means.inventory.get(vps.id)?.state !== 'running') throw error
    const remedy = error instanceof InsideFailed ? `; ${error.remedy}` : ''
    return end(`${doing}: ${(error as Error).message}${remedy}`)
  }
  return end(null)
}

const withName = (app: string, values: Values): Values =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [`${app}.${key}`, value]))
