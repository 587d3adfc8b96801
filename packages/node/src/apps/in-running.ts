/** An app in a VPS that runs: its own package manager, then its scripts and its health check. */

import { addApp, type App, type AppOnSystem, InsideFailed, removeApp, upgradeApp } from '@insula/templates'
import { failure } from '../failures.ts'
import { KeeperError } from '../keeper/errors.ts'
import type { Means } from '../means.ts'
import type { AppRecord, VpsRecord } from '../record.ts'
import { valuesFor } from './app-of.ts'
import { type Asked, type Done, STATES } from './asked.ts'
import { insideVps } from './inside-vps.ts'
import { type AppContext, workFor } from './work-for.ts'
import { dropApp, leftWith, setApp } from './written.ts'

export interface Settled extends Asked {
  readonly system: AppOnSystem
  readonly doing: string
}

export async function applyRunning(means: Means, vps: VpsRecord, settled: Settled, context: AppContext): Promise<Done> {
  const { deed, app, system, parameters, purge, doing } = settled
  const { id } = vps
  const present = vps.apps.find(({ name }) => name === app.name)
  // One that has never been configured has no secrets yet.
  const makeSecrets = deed === 'add' || present?.pending === 'post-install'
  const chosen = valuesFor(
    app,
    deed === 'remove' ? {} : parameters,
    present?.parameters,
    { makeSecrets: makeSecrets && deed !== 'remove' },
    doing,
  )
  const came = present?.came ?? []
  const entry: AppRecord = {
    name: app.name,
    ref: deed === 'remove' ? (present?.ref ?? app.ref) : app.ref,
    how: present?.how === 'layer' && present.ref === app.ref ? 'layer' : 'packages',
    state: STATES[deed],
    problem: null,
    parameters: chosen.kept,
    since: new Date().toISOString(),
    came: [...came],
    remains: present?.remains ?? [],
    pending: null,
  }
  const write = (fields: Partial<AppRecord>): Promise<void> => setApp(means, id, { ...entry, ...fields })
  const inside = insideVps(means.keeper, id, context.signal)
  const work = workFor(means, { inside, app, system, vps, values: chosen.values }, context)
  let latest: readonly string[] = came
  let left: readonly string[] = []
  const { remains } = entry
  const intend = async (names: readonly string[], configured: readonly string[]): Promise<void> => {
    latest = names
    await write({ came: [...names], remains: [...configured] })
  }
  try {
    if (deed === 'add') await addApp(work, { came, remains, intend })
    else if (deed === 'upgrade') await upgradeApp(work, { came, intend })
    else {
      await write({})
      left = await removeApp(work, { came, ...(await whatStays(means, vps, app.name)), purge })
    }
  } catch (error) {
    context.signal.throwIfAborted()
    if (!(error instanceof InsideFailed)) throw wentDown(means, id, error, doing)
    // Why it failed is what counts.
    await (
      deed === 'add' && isTakenBack(error) ? dropApp(means, id, app.name) : leftWith(means, id, app.name, error.message)
    ).catch((also: unknown) => context.log(`${vps.name}: ${String(also)}`))
    throw failure('conflict', `${doing}: ${error.message}`, error.remedy, error)
  }
  if (deed === 'remove') await dropApp(means, id, app.name, left)
  else await write({ state: 'ready', came: [...latest] })
  return { outcome: 'done', message: null, made: chosen.made }
}

export const isTakenBack = (error: InsideFailed): boolean => / is removed again$|nothing was installed$/.test(error.message)

/** It went down in the middle, or the keeper did. */
function wentDown({ inventory }: Means, id: number, error: unknown, doing: string): unknown {
  const state = inventory.get(id)?.state
  // The end of its init may be heard of a moment later.
  const isDown = state !== 'running' || (error instanceof KeeperError && error.code === 'no_such_vps')
  if (!isDown || !(error instanceof Error)) return error
  return failure(
    'conflict',
    `${doing}: it went down in the middle${state === 'running' ? '' : ` (it is ${state ?? 'gone'} now)`}`,
    'start it, and run the command again: it goes on from there',
    error,
  )
}

export async function whatStays(
  { apps, templates }: Pick<Means, 'apps' | 'templates'>,
  vps: VpsRecord,
  name: string,
): Promise<{ readonly stay: ReadonlySet<string>; readonly ofSystem: ReadonlySet<string> }> {
  const packages = (await templates.find(vps.template))?.packages ?? []
  return { stay: wantedByOthers(vps, name, await apps.list()), ofSystem: new Set(packages.map((one) => one.name)) }
}

function wantedByOthers(vps: VpsRecord, name: string, apps: readonly App[]): Set<string> {
  const others = vps.apps.filter((one) => one.name !== name)
  return new Set(
    others.flatMap(
      ({ ref }) => apps.find((app) => app.ref === ref)?.systems.flatMap(({ wanted }) => wanted.map((one) => one.name)) ?? [],
    ),
  )
}
