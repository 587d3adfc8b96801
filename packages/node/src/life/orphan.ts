/**
 * A VPS without a record: a private area whose record is damaged, an init that runs, or both. It has a number and nothing else; all that can be
 * done with it is to end it and to remove it. Each of the two can be repeated.
 */

import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import { linkName } from './network.ts'
import { cgroupOf, takeDown } from './parts.ts'

export interface Orphan {
  readonly id: number
  readonly runs: boolean
}

/** @param ref as somebody wrote it; null: it is none */
export async function findOrphan(means: Means, ref: string): Promise<Orphan | null> {
  const id = Number(ref)
  if (!/^\d+$/.test(ref) || means.inventory.get(id)) return null
  const runs = (await means.strays.look()).has(id)
  await means.lostAreas.look()
  // An area that cannot be read is one.
  const area = await means.vzfs.areas.show(id).catch(() => true)
  return runs || area ? { id, runs } : null
}

/** @throws ApiFailure conflict unless it may be ended or removed */
export function requireForce(means: Means, { id, runs }: Orphan, action: 'stop' | 'destroy', force: boolean): void {
  const doing = `cannot ${action} VPS ${id}`
  if (means.lostAreas.hopeful().includes(id) && (action === 'destroy' || !force))
    throw failure('conflict', `${doing}: the database does not know it, and its record may be whole`, '`insula recover`')
  if (!force)
    throw failure(
      'conflict',
      `${doing} as others are: its record is damaged or gone`,
      `\`insula ${action} -f ${id}\` ${action === 'stop' ? 'kills it' : 'removes it with all its files'}`,
    )
  if (action === 'stop' && !runs) throw failure('conflict', `${doing}: it does not run`)
}

export async function endOrphan(means: Means, id: number): Promise<void> {
  const { keeper, cgroups, links, wires, strays, firewall, log } = means
  const cgroup = cgroupOf(means, id)
  log(`VPS ${id} has no record; what runs of it is ended`)
  await keeper.signal(`${id}`, 'SIGKILL').catch(() => false)
  // A frozen process may act on no signal.
  if (await cgroups.exists(cgroup)) await cgroups.thaw(cgroup)
  await links.remove(linkName(wires, id))
  await takeDown(means, { id, name: `${id}` })
  await strays.look()
  await firewall.refresh()
}

export async function destroyOrphan(means: Means, id: number): Promise<void> {
  await endOrphan(means, id)
  await means.mounted.requireNone(id, `cannot destroy VPS ${id}`)
  await means.vzfs.areas.remove(id)
  await means.lostAreas.look()
  means.events.emit({ kind: 'vps.destroyed', vps: id, data: { name: `${id}` } })
}
