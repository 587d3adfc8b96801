/**
 * A stopped VPS moves to another volume: it is copied there, from one write of its record on it lies there, and then the original goes. Cut off anywhere, there
 * are at most two whole copies of it, and the record says which one counts; `dropStale` removes the other.
 */

import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import type { TaskContext } from '../tasks/engine.ts'
import { requirePresent } from '../volumes/choice.ts'
import { diskLimitsOf } from './disk.ts'
import { requireLegal } from './legality.ts'
import { repairIds } from './quota.ts'
import { copying, copyingLayers } from './snapshot.ts'

/** @throws ApiFailure */
export function requireMovable(means: Means, { name, volume, base }: VpsRecord, to: string): void {
  const doing = `cannot move VPS "${name}" to the volume "${to}"`
  requirePresent(means, doing, to)
  if (volume === to) throw failure('conflict', `${doing}: it lies there already`, 'see `insula vzfs volume list` for others')
  if (means.vzfs.on(to).leavingBases().has(base))
    throw failure('busy', `${doing}: files of it that were there before are still being deleted`, 'try again in a moment')
}

export async function moveVps(means: Means, id: number, to: string, work: TaskContext): Promise<VpsRecord> {
  const { inventory, vzfs, events } = means
  const before = inventory.get(id)
  requireLegal('move', before, id)
  requireMovable(means, before, to)
  await means.mounted.requireNone(id, `cannot move VPS "${before.name}" to the volume "${to}"`)
  const after: VpsRecord = { ...before, volume: to }
  await vzfs.copyTo(to, id, after, { ...copying(work), ...copyingLayers(work) })
  try {
    await vzfs.on(to).areas.limit(id, diskLimitsOf(before.limits))
    work.signal.throwIfAborted()
    await inventory.change(id, { volume: to })
  } catch (error) {
    await vzfs.on(to).areas.remove(id)
    throw error
  }
  await vzfs.on(before.volume).areas.remove(id)
  await repairIds(means, after)
  events.emit({ kind: 'vps.changed', vps: id, data: { name: after.name, fields: ['volume'] } })
  return inventory.get(id) ?? after
}
