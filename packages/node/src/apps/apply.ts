/**
 * Adds an app to one VPS, upgrades or removes it, whether it runs or is stopped. What is about to be done is in the record before it begins, so that
 * whoever comes after a daemon that was killed knows of it; doing it again finishes it.
 */

import { asFailure, failure } from '../failures.ts'
import { requireLegal } from '../life/legality.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { findApp, systemFor, valuesFor } from './app-of.ts'
import { type Asked, type Done, doingOf } from './asked.ts'
import { applyRunning } from './in-running.ts'
import { applyStopped } from './in-stopped.ts'
import type { AppContext } from './work-for.ts'

/** In the VPS's turn. @throws ApiFailure that names VPS and phase */
export async function applyApp(
  means: Means,
  id: number,
  asked: Asked,
  context: AppContext,
  dryRun: boolean,
  above: readonly string[] = [],
): Promise<Done> {
  const { deed, app, parameters } = asked
  const vps = means.inventory.get(id)
  if (!vps) throw failure('not_found', `there is no VPS ${id} any more`)
  const doing = doingOf(asked, vps.name)
  const nothing = nothingToDo(vps, asked, doing)
  if (nothing !== null) return { outcome: 'unchanged', message: nothing, made: {} }
  if (vps.state !== 'running' && vps.state !== 'stopped')
    throw failure('conflict', `${doing}: it is ${vps.state}`, 'apps are changed in VPSs that run or are stopped')
  requireLegal(vps.state === 'running' ? 'exec' : 'rebase', vps, id)
  const system = systemFor(app, vps.template, doing)
  if (deed === 'remove') await requireUnneeded(means, vps, app.name, doing)
  const missing = deed === 'add' ? app.needs.filter((need) => !isThere(vps, need)) : []
  if (dryRun) {
    valuesFor(app, parameters, undefined, { makeSecrets: deed === 'add' }, doing)
    const first = missing.length === 0 ? '' : `${missing.join(' and ')} first, then `
    return { outcome: 'planned', message: `${first}${system.packages.length} packages of ${app.ref}`, made: {} }
  }
  if (above.includes(app.name))
    throw failure('conflict', `${doing}: ${[...above, app.name].join(' needs ')}`, 'end the circle in their definitions')
  const made: Record<string, string> = {}
  for (const need of missing) {
    const wish: Asked = { deed: 'add', app: await findApp(means, need, doing), parameters: {}, purge: false }
    const done = await applyApp(means, id, wish, context, false, [...above, app.name])
    context.log(`${vps.name}: ${wish.app.ref} is there, which ${app.name} needs`)
    for (const [key, value] of Object.entries(done.made)) made[key.includes('.') ? key : `${need}.${key}`] = value
  }
  const now = means.inventory.get(id) ?? vps
  const apply = vps.state === 'running' ? applyRunning : applyStopped
  const done = await apply(means, now, { ...asked, system, doing }, context).catch((error: unknown) => {
    context.signal.throwIfAborted()
    throw asFailure(error, doing)
  })
  const also = missing.length === 0 ? null : `with ${missing.join(', ')}`
  return { ...done, message: [also, done.message].filter(Boolean).join('; ') || null, made: { ...made, ...done.made } }
}

function nothingToDo(vps: VpsRecord, { deed, app, parameters }: Asked, doing: string): string | null {
  const present = vps.apps.find(({ name }) => name === app.name)
  if (deed === 'remove') return present ? null : 'it does not have it'
  const whole = present?.state === 'ready' || (present?.state === 'pending' && vps.state === 'stopped')
  if (deed === 'add') {
    if (!present || !whole) return null
    return present.ref === app.ref ? 'it has it' : `it has ${present.ref}; \`insula app upgrade\` changes that`
  }
  if (!present) throw failure('conflict', `${doing}: it does not have it`, `add it with: insula app add ${vps.name} ${app.name}`)
  return whole && present.ref === app.ref && Object.keys(parameters).length === 0 ? 'it is at this version' : null
}

/** One that waits for a boot is there for whatever waits for the same. */
const isThere = ({ apps, state }: VpsRecord, need: string): boolean =>
  apps.some((one) => one.name === need && (one.state === 'ready' || (one.state === 'pending' && state === 'stopped')))

async function requireUnneeded({ apps }: Means, vps: VpsRecord, name: string, doing: string): Promise<void> {
  const all = await apps.list()
  const user = vps.apps.find((one) => all.find(({ ref }) => ref === one.ref)?.needs.includes(name))
  if (user === undefined) return
  throw failure('conflict', `${doing}: ${user.name} needs it`, `remove that first: insula app remove ${vps.name} ${user.name}`)
}
