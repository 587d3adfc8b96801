/** Changes settings of a VPS, at once when it runs. All or nothing: what was done is taken back when a later step is refused. */

import type { VpsChange } from '@insula/contract'
import { mergeLimits } from '@insula/model'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { assignAddresses, routedElsewhere } from './addresses.ts'
import { cpuSetFor } from './cpu-set.ts'
import { diskLimitsOf, requireRoom } from './disk.ts'
import { changedLabels } from './labels.ts'
import { requireLegal } from './legality.ts'
import { changeSteps, innerSteps, linkName, routesOf, vethOf } from './network.ts'
import { cgroupOf } from './parts.ts'
import { placedFiles } from './placed-files.ts'
import { accountIds, repairIds } from './quota.ts'
import { requireSensible } from './sensible-limits.ts'
import { requireTimes } from './snapshot-times.ts'

export async function changeVps(means: Means, id: number, change: VpsChange): Promise<VpsRecord> {
  const { inventory, vzfs, events } = means
  const before = inventory.get(id)
  requireLegal('set', before, id)
  const doing = `cannot change VPS "${before.name}"`
  const limits = mergeLimits(before.limits, change.limits ?? {})
  requireSensible(means, limits, doing)
  requireTimes(change.snapshots ?? null, doing)
  if (change.force !== true) await requireRoom(means, before, limits, doing)
  await means.strays.lookAgain()
  const routed = change.addresses === undefined ? new Map() : await routedElsewhere(means)
  const addresses =
    change.addresses === undefined
      ? before.addresses
      : assignAddresses(means, doing, id, routed, change.addresses, before.addresses)
  const wanted: Omit<VpsRecord, 'id' | 'base'> = {
    ...before,
    hostname: change.hostname ?? before.hostname,
    addresses,
    dns: change.dns ?? before.dns,
    nat: change.nat ?? before.nat,
    limits,
    cpuSet: limits.cpus === before.limits.cpus ? before.cpuSet : cpuSetFor(means, id, limits.cpus),
    labels: changedLabels(before, change.labels ?? {}, doing),
    plan: change.plan === undefined ? before.plan : change.plan,
    quotaUgid: change.quotaUgid ?? before.quotaUgid,
    onboot: change.onboot ?? before.onboot,
    bootOrder: change.bootOrder ?? before.bootOrder,
    snapshots: change.snapshots === undefined ? before.snapshots : change.snapshots,
    snapshotsSince: change.snapshots === undefined ? before.snapshotsSince : change.snapshots && new Date().toISOString(),
    share: change.share ?? before.share,
    updates: change.updates ?? before.updates,
    // What it shares already with more than it may now is taken back by the next relink.
    relinkDue: before.relinkDue || SHARES.indexOf(change.share ?? before.share) < SHARES.indexOf(before.share),
  }
  const after = await inventory.change(id, wanted)
  const undo = new AsyncDisposableStack()
  try {
    await adjust(means, before, after, hasInit(before) ? ADJUSTMENTS : ALWAYS, undo)
    await vzfs.areas.writeRecord(id, after)
  } catch (error) {
    // First, because the firewall is made from records.
    await inventory.change(id, before)
    await undo.disposeAsync().catch((again: unknown) => means.log(`${doing}: the way back failed too; see insula doctor`, again))
    throw error
  }
  events.emit({ kind: 'vps.changed', vps: id, data: { name: after.name, fields: Object.keys(change) } })
  return after
}

/** From the least on. */
const SHARES: readonly VpsRecord['share'][] = ['none', 'templates', 'all']

const hasInit = ({ state }: VpsRecord): boolean => state === 'running' || state === 'suspended'

/** Makes what the record says hold again, after a change that was cut off somewhere. */
export async function reapply(means: Means, id: number): Promise<void> {
  const vps = means.inventory.get(id)
  if (!vps) return
  if ((await means.vzfs.areas.counted(id)) !== null) await means.vzfs.areas.recount(id)
  await repairIds(means, vps)
  for (const { apply } of hasInit(vps) ? ADJUSTMENTS : ALWAYS) await apply(means, vps, vps)
  await means.vzfs.areas.writeRecord(id, vps)
}

interface Adjustment {
  readonly differs: (before: VpsRecord, after: VpsRecord) => boolean
  /** Can be repeated, and works when only half of `before` holds. */
  readonly apply: (means: Means, before: VpsRecord, after: VpsRecord) => Promise<void>
}

/** Whether it runs or not. */
const disk: Adjustment = {
  differs: (before, after) => !same(diskLimitsOf(before.limits), diskLimitsOf(after.limits)),
  apply: (means, _before, { id, limits }) => means.vzfs.areas.limit(id, diskLimitsOf(limits)),
}

/** Whether it runs or not. */
const ids: Adjustment = {
  differs: (before, after) => before.quotaUgid !== after.quotaUgid,
  apply: (means, _before, after) => accountIds(means, after),
}

const ALWAYS: readonly Adjustment[] = [disk, ids]
const ADJUSTMENTS: readonly Adjustment[] = [
  ...ALWAYS,
  {
    differs: (before, after) => !same([before.limits, before.cpuSet], [after.limits, after.cpuSet]),
    apply: (means, _before, { id, limits, cpuSet }) => means.cgroups.setLimits(cgroupOf(means, id), { ...limits, cpuSet }),
  },
  { differs: (before, after) => !same(before.addresses, after.addresses), apply: adjustAddresses },
  {
    differs: (before, after) => !same([before.addresses, before.nat], [after.addresses, after.nat]),
    apply: (means) => means.firewall.refresh(),
  },
  {
    differs: (before, after) =>
      !same([before.dns, before.hostname, before.addresses], [after.dns, after.hostname, after.addresses]),
    apply: (means, _before, after) => means.keeper.placeFiles(`${after.id}`, placedFiles(after, means.resolvers)),
  },
]

/** Brings a VPS from one record to another; `undo` brings it back. */
async function adjust(
  means: Means,
  before: VpsRecord,
  after: VpsRecord,
  adjustments: readonly Adjustment[],
  undo: AsyncDisposableStack,
): Promise<void> {
  for (const { differs, apply } of adjustments) {
    if (!differs(before, after)) continue
    undo.defer(() => apply(means, after, before))
    await apply(means, before, after)
  }
}

async function adjustAddresses(means: Means, before: VpsRecord, after: VpsRecord): Promise<void> {
  const { id } = after
  const { wires } = means
  if (means.linked.has(id)) {
    await means.links.setRoutes(linkName(wires, id), routesOf(wires, id, after.addresses))
    await means.keeper.configureNetwork(`${id}`, changeSteps(before.addresses, after.addresses))
    return
  }
  if (after.addresses.length === 0) return
  // It was started without an address, so without a link.
  await means.links.attach(vethOf(wires, id, after.pid ?? 0), routesOf(wires, id, after.addresses))
  means.linked.add(id)
  await means.keeper.configureNetwork(`${id}`, innerSteps(after.addresses))
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** A name is only a name: nothing that runs knows it. */
export async function renameVps(means: Means, id: number, name: string): Promise<VpsRecord> {
  const { inventory, vzfs, events } = means
  const before = inventory.get(id)
  requireLegal('rename', before, id)
  const holder = inventory.byName(name)
  if (holder?.id === id) throw failure('conflict', `cannot rename VPS "${name}": that is its name`, 'choose another name')
  if (holder)
    throw failure(
      'conflict',
      `cannot rename VPS "${before.name}": the name "${name}" is taken by VPS ${holder.id}`,
      'choose another name',
    )
  const after = await inventory.change(id, { name })
  try {
    await vzfs.areas.writeRecord(id, after)
  } catch (error) {
    await inventory.change(id, { name: before.name })
    throw error
  }
  events.emit({ kind: 'vps.renamed', vps: id, data: { name, previous: before.name } })
  return after
}
