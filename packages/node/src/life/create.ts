/** A VPS comes into being: whole or not at all. Everything that can be refused is refused before the first write. */

import type { VpsCreate } from '@insula/contract'
import { DEFAULT_LIMITS, mergeLimits } from '@insula/model'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { AppRecord, VpsRecord } from '../record.ts'
import type { TaskContext } from '../tasks/engine.ts'
import { chooseVolume } from '../volumes/choice.ts'
import { isVolumeGone } from '../volumes/missing.ts'
import { admitAs } from './admission.ts'
import { cpuSetFor } from './cpu-set.ts'
import { diskLimitsOf } from './disk.ts'
import { accountIds } from './quota.ts'
import { forgetLastWords } from './last-words.ts'
import { requireSensible } from './sensible-limits.ts'
import { copyingLayers } from './snapshot.ts'
import { requireTimes } from './snapshot-times.ts'

/**
 * The record that the request asks for, with its name, id, addresses and host ids taken.
 * @param apps what it has of apps, on a version of a template @throws ApiFailure
 */
export async function admit(
  means: Means,
  request: VpsCreate,
  apps: (template: string, doing: string) => Promise<readonly AppRecord[]> = async () => [],
): Promise<VpsRecord> {
  const { config, templates } = means
  const doing = `cannot create VPS "${request.name}"`
  means.lostAreas.requireNone(doing)
  const template = await templates.find(request.template)
  if (!template) {
    const known = (await templates.list()).map(({ ref }) => ref)
    const remedy =
      known.length === 0
        ? `build it: insula template build ${request.template.split('@')[0]}`
        : `this node has ${known.join(', ')}; others are built with \`insula template build\``
    throw failure('template_unknown', `${doing}: there is no template "${request.template}"`, remedy)
  }
  const limits = mergeLimits(DEFAULT_LIMITS, request.limits ?? {})
  const schedule = request.snapshots ?? null
  requireSensible(means, limits, doing)
  requireTimes(schedule, doing)
  const chosen = await apps(template.ref, doing)
  const volume = await chooseVolume(means, doing, request.volume ?? null)
  return admitAs(means, doing, { name: request.name, id: request.id, addresses: request.addresses ?? [] }, (admitted) => ({
    ...admitted,
    hostname: request.hostname ?? request.name,
    template: template.ref,
    layers: [...template.layers],
    volume,
    init: template.init,
    dns: request.dns ?? [],
    nat: request.nat ?? config.nat ?? true,
    limits,
    cpuSet: cpuSetFor(means, admitted.id, limits.cpus),
    apps: [...chosen],
    labels: request.labels ?? {},
    plan: request.plan ?? null,
    quotaUgid: request.quotaUgid ?? 0,
    onboot: request.onboot ?? false,
    bootOrder: request.bootOrder ?? 100,
    share: request.share ?? 'all',
    relinkDue: false,
    updates: request.updates ?? 'pinned',
    updatedTo: null,
    snapshots: schedule,
    snapshotsSince: schedule && admitted.createdAt,
  }))
}

/** Makes the private area of an admitted VPS; takes everything back when that fails. */
export const createVps = (means: Means, { id }: VpsRecord, work: Pick<TaskContext, 'signal' | 'progress'>): Promise<VpsRecord> =>
  bringIntoBeing(means, id, async (record) => {
    const { base, layers, volume } = record
    await means.vzfs.create(volume, { id, base, layers, record: { ...record, state: 'stopped' } }, copyingLayers(work))
  })

/** @param make its private area @returns it, stopped. Everything is taken back when that fails. */
export async function bringIntoBeing(means: Means, id: number, make: (record: VpsRecord) => Promise<void>): Promise<VpsRecord> {
  const { inventory, vzfs, events } = means
  const record = inventory.get(id)
  if (!record) throw new Error(`VPS ${id} is gone`)
  // Of another that had this id, and whose record was damaged.
  forgetLastWords(means, id)
  try {
    await make(record)
    await vzfs.areas.limit(id, diskLimitsOf(record.limits))
    await accountIds(means, record)
    const made = await inventory.move(id, 'stopped')
    events.emit({ kind: 'vps.created', vps: id, data: { name: record.name } })
    return made
  } catch (error) {
    // An area that was there before is somebody's.
    if ((error as { code?: unknown }).code === 'area_exists') await inventory.remove(id)
    else await uncreate(means, id)
    throw error
  }
}

/** What a create that failed or was cut off leaves: nothing. */
export async function uncreate(means: Means, id: number): Promise<void> {
  await means.vzfs.areas.remove(id).catch((error: unknown) => {
    // Its volume went meanwhile. What came into being there before that is found when it comes back.
    if (!isVolumeGone(error)) throw error
  })
  await means.inventory.remove(id)
}
