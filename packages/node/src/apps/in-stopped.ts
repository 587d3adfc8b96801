/**
 * An app in a VPS that is stopped: a shared layer below its own files where they allow it, else packages in them by its own package manager, held up by a
 * waiting init. What configures the app waits for the next boot.
 */

import { type App, type Configured, InsideFailed, placeApp, removeApp } from '@insula/templates'
import { failure } from '../failures.ts'
import { relinkAfterStop } from '../life/relink.ts'
import type { Means } from '../means.ts'
import type { AppRecord, VpsRecord } from '../record.ts'
import { inMaintenance, ontoStack } from '../stacks/put.ts'
import { isLayerable, requireNoSecrets, valuesFor, waitingFor } from './app-of.ts'
import { type Done, STATES } from './asked.ts'
import { isTakenBack, type Settled, whatStays } from './in-running.ts'
import { stackInstall } from './stack-install.ts'
import { type AppContext, workFor } from './work-for.ts'
import { dropApp, setApp, withApp } from './written.ts'

export async function applyStopped(means: Means, vps: VpsRecord, settled: Settled, context: AppContext): Promise<Done> {
  const { deed, app, parameters, doing } = settled
  const { id } = vps
  await means.mounted.requireNone(id, doing)
  if (deed !== 'remove') requireNoSecrets(app, parameters, deed, doing)
  const present = vps.apps.find(({ name }) => name === app.name)
  const { kept } = valuesFor(app, deed === 'remove' ? {} : parameters, present?.parameters, { makeSecrets: false }, doing)
  const phase = phaseOf(deed, present)
  const pending = deed === 'remove' ? null : waitingFor(app, phase)
  const entry: AppRecord = {
    name: app.name,
    ref: deed === 'remove' ? (present?.ref ?? app.ref) : app.ref,
    how: present?.how ?? 'layer',
    state: STATES[deed],
    problem: null,
    parameters: kept,
    since: new Date().toISOString(),
    came: present?.came ?? [],
    remains: present?.remains ?? [],
    // Should it be cut off, it is known what has not been configured yet.
    pending: pending ?? present?.pending ?? null,
  }
  await setApp(means, id, entry)
  const finished: AppRecord = { ...entry, state: pending === null ? 'ready' : 'pending', pending }
  const configured = pending === null ? '' : '; it is configured when the VPS boots'
  const work = { signal: context.signal, log: (text: string) => context.log(`${vps.name}: ${text}`) }
  // Only its values changed.
  if (deed === 'upgrade' && present?.ref === app.ref && (present.state === 'ready' || present.state === 'pending')) {
    await setApp(means, id, finished)
    return { outcome: 'done', message: configured.slice(2) || null, made: {} }
  }
  const wanted = deed === 'remove' ? vps.apps.filter(({ name }) => name !== app.name) : withApp(vps.apps, finished)
  const isLayered = vps.apps.every(({ how }) => how === 'layer') && !(deed === 'remove' && cleansUp(app, present))
  if (isLayered && (await allLayerable(means, wanted))) {
    const refs = wanted.map(({ ref }) => ref)
    const after = await ontoStack(means, id, refs, stackInstall(means, vps.template, context), work, (came) => ({
      apps: wanted.map((one) => ({ ...one, how: 'layer' as const, came: [...(came[one.ref] ?? one.came)] })),
    })).catch((error: unknown) => forget(means, id, vps, app, error))
    if (after !== null) return { outcome: 'done', message: `in a shared layer${configured}`, made: {} }
  }
  const left = await inItsOwnFiles(means, vps, settled, context, { ...entry, how: 'packages' })
  if (deed === 'remove') await dropApp(means, id, app.name, left)
  else {
    const came = means.inventory.get(id)?.apps.find(({ name }) => name === app.name)?.came ?? []
    await setApp(means, id, { ...finished, how: 'packages', came })
  }
  await relinkAfterStop(means, id)
  return { outcome: 'done', message: `in its own files${configured}`, made: {} }
}

/** One that was never configured still has to be. */
const phaseOf = (deed: Settled['deed'], present: AppRecord | undefined): Configured =>
  deed === 'add' || present === undefined || present.pending === 'post-install' ? 'post-install' : 'post-upgrade'

/** What its scripts have written in a VPS, only its scripts know how to take away. */
const cleansUp = ({ scripts }: App, present: AppRecord | undefined): boolean =>
  present?.pending !== 'post-install' && scripts.some(({ phase }) => phase === 'pre-remove' || phase === 'post-remove')

async function allLayerable({ apps }: Means, wanted: readonly AppRecord[]): Promise<boolean> {
  const all = await apps.list()
  return wanted.every(({ ref }) => all.some((one) => one.ref === ref && isLayerable(one)))
}

/** No layer came into being, and the VPS is as it was. */
async function forget(means: Means, id: number, before: VpsRecord, { name }: App, error: unknown): Promise<never> {
  const present = before.apps.find((one) => one.name === name)
  await (present === undefined ? dropApp(means, id, name) : setApp(means, id, present))
  throw error
}

async function inItsOwnFiles(
  means: Means,
  vps: VpsRecord,
  { deed, app, system, purge, doing }: Settled,
  context: AppContext,
  entry: AppRecord,
): Promise<readonly string[]> {
  const { id } = vps
  const intend = (names: readonly string[], configured: readonly string[]): Promise<void> =>
    setApp(means, id, { ...entry, came: [...names], remains: [...configured] })
  const { came, remains } = entry
  let left: readonly string[] = []
  try {
    await inMaintenance(means, id, context.signal, async (inside) => {
      const work = workFor(means, { inside, app, system, vps, values: entry.parameters }, context)
      if (deed !== 'remove') return placeApp(work, deed, { came, remains, intend })
      left = await removeApp(work, { came, ...(await whatStays(means, vps, app.name)), purge })
    })
  } catch (error) {
    context.signal.throwIfAborted()
    if (!(error instanceof InsideFailed)) throw error
    // Why it failed is what counts.
    if (deed === 'add' && isTakenBack(error))
      await dropApp(means, id, app.name).catch((also: unknown) => context.log(`${vps.name}: ${String(also)}`))
    throw failure('conflict', `${doing}: ${error.message}`, error.remedy, error)
  }
  return left
}
