/**
 * Adds an app to one VPS that runs, upgrades or removes it. What is about to be done is in the record before it begins, so that whoever comes
 * after a daemon that was killed knows of it; doing it again finishes it.
 */

import {
  addApp,
  type App,
  BadParameter,
  chooseParameters,
  InsideFailed,
  removeApp,
  upgradeApp,
  type Values,
  type Work,
} from '@insula/templates'
import { failure } from '../failures.ts'
import { requireLegal } from '../life/legality.ts'
import type { Means } from '../means.ts'
import type { AppRecord, VpsRecord } from '../record.ts'
import type { TaskContext } from '../tasks/engine.ts'
import { insideVps } from './inside-vps.ts'

export interface Asked {
  readonly deed: 'add' | 'upgrade' | 'remove'
  readonly app: App
  readonly parameters: Values
  readonly purge: boolean
}

export interface Done {
  readonly outcome: 'done' | 'unchanged' | 'planned'
  readonly message: string | null
  readonly made: Values
}

/** In the VPS's turn. @throws ApiFailure that names VPS and phase */
export async function applyApp(
  means: Means,
  id: number,
  asked: Asked,
  context: Pick<TaskContext, 'signal' | 'log' | 'progress'>,
  dryRun: boolean,
): Promise<Done> {
  const { inventory } = means
  const { deed, app, parameters, purge } = asked
  const doing = (vps: VpsRecord): string => `cannot ${deed} app ${app.name} ${PREPOSITIONS[deed]} VPS "${vps.name}"`
  const vps = inventory.get(id)
  if (!vps) throw failure('not_found', `there is no VPS ${id} any more`)
  const present = vps.apps.find(({ name }) => name === app.name)
  const unchanged = (message: string): Done => ({ outcome: 'unchanged', message, made: {} })
  if (deed === 'remove' && !present) return unchanged('it does not have it')
  if (deed === 'add' && present?.state === 'ready')
    return present.ref === app.ref
      ? unchanged('it has it')
      : unchanged(`it has ${present.ref}; \`insula app upgrade\` changes that`)
  if (deed === 'upgrade' && !present)
    throw failure('conflict', `${doing(vps)}: it does not have it`, `add it with: insula app add ${vps.name} ${app.name}`)
  if (deed === 'upgrade' && present?.state === 'ready' && present.ref === app.ref && Object.keys(parameters).length === 0)
    return unchanged('it is at this version')
  if (vps.state !== 'running')
    throw failure('conflict', `${doing(vps)}: it is ${vps.state}`, `start it first: insula start ${vps.name}`)
  requireLegal('exec', vps, id)
  const os = vps.template.split('@')[0]
  const system = app.systems.find((one) => one.os === os)
  if (!system)
    throw failure(
      'conflict',
      `${doing(vps)}: ${app.ref} has no packages for ${vps.template}`,
      `it fits ${app.systems.map((one) => one.os).join(', ')}; after a new OS template was built: insula template build ${app.name}`,
    )
  requireNeeds(vps, asked, doing(vps))
  const chosen = choose(asked, present, doing(vps))
  if (dryRun) return { outcome: 'planned', message: `${system.packages.length} packages of ${app.ref}`, made: {} }

  const since = new Date().toISOString()
  const came = present?.came ?? []
  const entry: AppRecord = {
    name: app.name,
    ref: app.ref,
    how: 'packages',
    state: STATES[deed],
    parameters: chosen.kept,
    since,
    came: [...came],
  }
  const write = (fields: Partial<AppRecord>): Promise<unknown> => setApp(means, id, { ...entry, ...fields })
  const work: Work = {
    inside: insideVps(means.keeper, id, context.signal),
    app,
    system,
    vps: { id, name: vps.name, addresses: vps.addresses },
    values: chosen.values,
    contents: (path) => means.apps.contents(app.ref, path),
    onLine: (line) => context.log(`${vps.name}: ${line}`),
    step: (step) => {
      context.log(`${vps.name}: ${step}`)
      context.progress(`${vps.name}: ${step}`)
    },
    signal: context.signal,
  }
  let latest: readonly string[] = came
  const intend = async (names: readonly string[]): Promise<void> => {
    latest = names
    await write({ came: [...names] })
  }
  try {
    if (deed === 'add') await addApp(work, { came, intend })
    else if (deed === 'upgrade') await upgradeApp(work, { came, intend })
    else {
      await write({ ref: present?.ref ?? app.ref, parameters: present?.parameters ?? {} })
      await removeApp(work, { came, stay: wantedByOthers(vps, app.name, await means.apps.list()), purge })
    }
  } catch (error) {
    context.signal.throwIfAborted()
    if (!(error instanceof InsideFailed)) throw failureOf(means, id, error, doing(vps))
    if (deed === 'add' && / is removed again$|nothing was installed$/.test(error.message)) await dropApp(means, id, app.name)
    throw failure('conflict', `${doing(vps)}: ${error.message}`, error.remedy, error)
  }
  if (deed === 'remove') await dropApp(means, id, app.name)
  else await write({ state: 'ready', came: [...latest] })
  return { outcome: 'done', message: null, made: chosen.made }
}

const PREPOSITIONS = { add: 'to', upgrade: 'in', remove: 'from' } as const
const STATES = { add: 'adding', upgrade: 'upgrading', remove: 'removing' } as const

/** It went down in the middle, or the keeper did. */
function failureOf({ inventory }: Means, id: number, error: unknown, doing: string): unknown {
  const state = inventory.get(id)?.state
  if (state === 'running' || !(error instanceof Error)) return error
  return failure(
    'conflict',
    `${doing}: it went down in the middle (it is ${state ?? 'gone'} now)`,
    'start it, and run the command again: it goes on from there',
    error,
  )
}

function requireNeeds(vps: VpsRecord, { deed, app }: Asked, doing: string): void {
  const missing =
    deed === 'add' ? app.needs.find((need) => !vps.apps.some(({ name, state }) => name === need && state === 'ready')) : undefined
  if (missing !== undefined)
    throw failure(
      'conflict',
      `${doing}: it needs app ${missing}, which it does not have`,
      `add that first: insula app add ${vps.name} ${missing}`,
    )
}

function choose(
  { deed, app, parameters }: Asked,
  present: AppRecord | undefined,
  doing: string,
): ReturnType<typeof chooseParameters> {
  try {
    return chooseParameters(app.parameters, parameters, present?.parameters, { makeSecrets: deed === 'add' })
  } catch (error) {
    if (!(error instanceof BadParameter)) throw error
    throw failure('invalid_request', `${doing}: ${error.message}`, `see \`insula app show ${app.name}\``, error)
  }
}

function wantedByOthers(vps: VpsRecord, name: string, apps: readonly App[]): Set<string> {
  const others = vps.apps.filter((one) => one.name !== name)
  return new Set(
    others.flatMap(
      ({ ref }) => apps.find((app) => app.ref === ref)?.systems.flatMap(({ wanted }) => wanted.map((one) => one.name)) ?? [],
    ),
  )
}

async function setApp(means: Means, id: number, entry: AppRecord): Promise<void> {
  const others = (means.inventory.get(id)?.apps ?? []).filter(({ name }) => name !== entry.name)
  await changeApps(means, id, [...others, entry])
}

const dropApp = (means: Means, id: number, name: string): Promise<void> =>
  changeApps(
    means,
    id,
    (means.inventory.get(id)?.apps ?? []).filter((one) => one.name !== name),
  )

async function changeApps({ inventory, vzfs, events }: Means, id: number, apps: AppRecord[]): Promise<void> {
  const after = await inventory.change(id, { apps })
  await vzfs.areas.writeRecord(id, after)
  events.emit({ kind: 'vps.changed', vps: id, data: { name: after.name, fields: ['apps'] } })
}
