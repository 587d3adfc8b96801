/** Changes settings of a VPS, at once when it runs. All or nothing: what was done is taken back when a later step is refused. */

import type { VpsChange } from '@insula/contract'
import { checkLimits, mergeLimits } from '@insula/model'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { assignAddresses } from './addresses.ts'
import { cpuSetFor } from './cpu-set.ts'
import { requireLegal } from './legality.ts'
import { changeLines, innerLines, linkName, routesOf, vethOf } from './network.ts'
import { cgroupOf } from './parts.ts'
import { placedFiles } from './placed-files.ts'

export async function changeVps(means: Means, id: number, change: VpsChange): Promise<VpsRecord> {
  const { inventory, vzfs, events } = means
  const before = inventory.get(id)
  requireLegal('set', before, id)
  const doing = `cannot change VPS "${before.name}"`
  const limits = mergeLimits(before.limits, change.limits ?? {})
  const problems = checkLimits(limits, { cpus: means.cpus.length })
  if (problems[0]) throw failure('invalid_request', `${doing}: ${problems.map(({ message }) => message).join('; ')}`)
  const addresses =
    change.addresses === undefined ? before.addresses : assignAddresses(means, doing, id, change.addresses, before.addresses)
  const wanted: Omit<VpsRecord, 'id' | 'base'> = {
    ...before,
    hostname: change.hostname ?? before.hostname,
    addresses,
    dns: change.dns ?? before.dns,
    nat: change.nat ?? before.nat,
    limits,
    cpuSet: limits.cpus === before.limits.cpus ? before.cpuSet : cpuSetFor(means, id, limits.cpus),
    onboot: change.onboot ?? before.onboot,
    bootOrder: change.bootOrder ?? before.bootOrder,
  }
  const after = await inventory.change(id, wanted)
  try {
    if (before.state === 'running' || before.state === 'suspended') await adjust(means, before, after)
    await vzfs.areas.writeRecord(id, after)
  } catch (error) {
    await inventory.change(id, before)
    await adjust(means, after, before).catch((again: unknown) =>
      means.log(`${doing}: the way back failed too; see insula doctor`, again),
    )
    throw error
  }
  events.emit({ kind: 'vps.changed', vps: id, data: { name: after.name, fields: Object.keys(change) } })
  return after
}

/** Brings a running VPS from one record to another. */
async function adjust(means: Means, before: VpsRecord, after: VpsRecord): Promise<void> {
  const { id } = after
  if (!same(before.limits, after.limits) || !same(before.cpuSet, after.cpuSet)) {
    await means.cgroups.setLimits(cgroupOf(means, id), { ...after.limits, cpuSet: after.cpuSet })
  }
  if (!same(before.addresses, after.addresses)) await adjustAddresses(means, before, after)
  else if (before.nat !== after.nat) await means.firewall.refresh()
  if (!same([before.dns, before.hostname, before.addresses], [after.dns, after.hostname, after.addresses])) {
    await means.keeper.placeFiles(`${id}`, placedFiles(after, means.resolvers))
  }
}

async function adjustAddresses(means: Means, before: VpsRecord, after: VpsRecord): Promise<void> {
  const { id } = after
  const { wires } = means
  if (!means.linked.has(id)) {
    // It was started without an address, so without a link.
    await means.links.attach(vethOf(wires, id, after.pid ?? 0), routesOf(wires, id, after.addresses))
    means.linked.add(id)
    await means.firewall.refresh()
    await means.keeper.configureNetwork(`${id}`, innerLines(wires, id, after.addresses))
    return
  }
  await means.links.setRoutes(linkName(wires, id), routesOf(wires, id, after.addresses))
  await means.firewall.refresh()
  await means.keeper.configureNetwork(`${id}`, changeLines(wires, id, before.addresses, after.addresses))
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** A name is only a name: nothing that runs knows it. */
export async function renameVps(means: Means, id: number, name: string): Promise<VpsRecord> {
  const { inventory, vzfs, events } = means
  const before = inventory.get(id)
  requireLegal('rename', before, id)
  const holder = inventory.byName(name)
  if (holder && holder.id !== id)
    throw failure(
      'conflict',
      `cannot rename VPS "${before.name}": the name "${name}" is taken by VPS ${holder.id}`,
      'choose another name',
    )
  const after = await inventory.change(id, { name })
  await vzfs.areas.writeRecord(id, after)
  events.emit({ kind: 'vps.renamed', vps: id, data: { name, previous: before.name } })
  return after
}
