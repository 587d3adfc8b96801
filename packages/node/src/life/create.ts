/** A VPS comes into being: whole or not at all. Everything that can be refused is refused before the first write. */

import type { VpsCreate } from '@insula/contract'
import { DEFAULT_LIMITS, mergeLimits, nextIdRange, nextVpsId } from '@insula/model'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { assignAddresses, routedElsewhere } from './addresses.ts'
import { cpuSetFor } from './cpu-set.ts'
import { diskLimitsOf } from './disk.ts'
import { accountIds } from './quota.ts'
import { forgetLastWords } from './last-words.ts'
import { requireSensible } from './sensible-limits.ts'

/** So many VPSs fit into an instance's range of host ids. */
const RANGES = 2_048

/** The record that the request asks for, with its name, id, addresses and host ids taken. @throws ApiFailure */
export async function admit(means: Means, request: VpsCreate): Promise<VpsRecord> {
  const { inventory, config, instance, templates } = means
  const doing = `cannot create VPS "${request.name}"`
  means.lostAreas.requireNone(doing)
  await means.strays.lookAgain()
  const template = await templates.find(request.template)
  if (!template) {
    const known = (await templates.list()).map(({ ref }) => ref)
    const remedy =
      known.length === 0
        ? `build it: insula template build ${request.template.split('@')[0]}`
        : `this node has ${known.join(', ')}; others are built with \`insula template build\``
    throw failure('template_unknown', `${doing}: there is no template "${request.template}"`, remedy)
  }
  const routed = await routedElsewhere(means)
  // From here to `add` nothing is awaited: of two requests at once the second sees what the first has taken.
  if (inventory.byName(request.name))
    throw failure('conflict', `${doing}: the name is taken`, 'choose another name, or destroy the VPS that has it')
  const taken = new Set([...inventory.ids(), ...means.lostAreas.ids()])
  if (request.id !== undefined && taken.has(request.id))
    throw failure('conflict', `${doing}: the id ${request.id} is taken`, 'leave --id out to get the next free one')
  const limits = mergeLimits(DEFAULT_LIMITS, request.limits ?? {})
  requireSensible(means, limits, doing)
  const base = nextIdRange(config.idRangeStart ?? instance.idRangeStart, RANGES, [
    ...inventory.bases(),
    ...means.lostAreas.bases(),
    ...means.vzfs.leavingBases(),
  ])
  if (base === null)
    throw failure(
      'exhausted',
      `${doing}: all ${RANGES} ranges of host ids are given away`,
      'destroy VPSs that are not needed, or use another node',
    )
  const id = request.id ?? nextVpsId(taken)
  const addresses = assignAddresses(means, doing, id, routed, request.addresses ?? [])
  const record: VpsRecord = {
    id,
    name: request.name,
    state: 'creating',
    hostname: request.hostname ?? request.name,
    template: template.ref,
    layers: [...template.layers],
    init: template.init,
    addresses,
    dns: request.dns ?? [],
    nat: request.nat ?? config.nat ?? true,
    limits,
    cpuSet: cpuSetFor(means, id, limits.cpus),
    quotaUgid: request.quotaUgid ?? 0,
    onboot: request.onboot ?? false,
    bootOrder: request.bootOrder ?? 100,
    share: request.share ?? 'all',
    relinkDue: false,
    base,
    createdAt: new Date().toISOString(),
    startedAt: null,
    pid: null,
    lastExit: null,
    problem: null,
  }
  await inventory.add(record)
  return record
}

/** Makes the private area of an admitted VPS; takes everything back when that fails. */
export async function createVps(means: Means, { id, name }: VpsRecord): Promise<VpsRecord> {
  const { inventory, vzfs, events } = means
  const record = inventory.get(id)
  if (!record) throw new Error(`VPS ${id} is gone`)
  // Of another that had this id, and whose record was damaged.
  forgetLastWords(means, id)
  try {
    await vzfs.areas.create(id, record.base, record.layers, { ...record, state: 'stopped' })
    await vzfs.areas.limit(id, diskLimitsOf(record.limits))
    await accountIds(means, record)
    const created = await inventory.move(id, 'stopped')
    events.emit({ kind: 'vps.created', vps: id, data: { name } })
    return created
  } catch (error) {
    // An area that was there before is somebody's.
    if ((error as { code?: unknown }).code === 'area_exists') await inventory.remove(id)
    else await uncreate(means, id)
    throw error
  }
}

/** What a create that failed or was cut off leaves: nothing. */
export async function uncreate(means: Means, id: number): Promise<void> {
  await means.vzfs.areas.remove(id)
  await means.inventory.remove(id)
}
