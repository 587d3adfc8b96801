/**
 * What a daemon does when it begins, and when it is told to repair: compares what its records say with what is there, adopts what runs, finishes or
 * takes back what was cut off, and removes what carries this instance's names and belongs to no VPS. Nothing here is remembered from before: kernel
 * objects, the keeper and the records are all there is. Each VPS is looked at in its turn, so that no task is disturbed.
 */

import { readdir } from 'node:fs/promises'
import { settleAfterCut } from '@insula/model'
import type { Kept } from './keeper/keeper.ts'
import { reapply } from './life/change.ts'
import { uncreate } from './life/create.ts'
import { finishDestroy } from './life/destroy.ts'
import { recordExit } from './life/exit-record.ts'
import { linkName } from './life/network.ts'
import { cgroupOf, missingOf, takeDown } from './life/parts.ts'
import { followLayers } from './life/snapshot.ts'
import { letGo } from './life/still.ts'
import { endWaiting } from './life/waiting.ts'
import { isWorkshop } from './life/workshop.ts'
import { lookAround, type Sighting } from './life/sighting.ts'
import { dismantle } from './life/unexpected-exit.ts'
import type { Means } from './means.ts'
import type { VpsRecord } from './record.ts'

/** Of one VPS: what was done about it, in words; null when all was as it should be. */
type Outcome = string | null

export async function reconcile(means: Means): Promise<void> {
  const { inventory, tasks, vzfs, log } = means
  for (const { volume, id } of await vzfs.dropStale())
    log(`VPS ${id}: what lay of it on the volume ${volume} is removed; its private area is on another one`)
  const seen = await lookAround(means)
  for (const { id, addresses } of inventory.all())
    if (seen.links.has(linkName(means.wires, id)) || (seen.inits.has(id) && addresses.length > 0)) means.linked.add(id)
  for (const { id, name } of inventory.all()) {
    await tasks.exclusively(id, async () => {
      try {
        const outcome = await settle(means, id, seen)
        if (outcome !== null) log(`VPS ${name}: ${outcome}`)
      } catch (error) {
        log(`VPS ${name}: could not be brought to order`, error)
        const found = (await initOf(means, id)) ? 'running' : 'failed'
        await inventory.settle(id, found, { problem: (error as Error).message }).catch(() => undefined)
      }
    })
  }
  const strangers = await settleStrangers(means)
  await removeLeftovers(means)
  await means.lostAreas.look()
  for (const id of means.lostAreas.hopeful())
    log(`the private area of VPS ${id} has no record in the database; \`insula recover\` brings it back`)
  // The rules of VPSs that run and are not known are all in the table of an earlier daemon: it stays until they are recovered.
  if (strangers === 0) await means.firewall.refresh()
}

const initOf = async ({ keeper }: Means, id: number): Promise<Kept | null> =>
  (await keeper.list()).find((one) => one.id === `${id}`) ?? null

async function settle(means: Means, id: number, seen: Sighting): Promise<Outcome> {
  const { inventory } = means
  if (inventory.get(id)?.held === true) await letGo(means, id)
  const waiting = inventory.get(id)
  if (waiting?.waits === true) return endWait(means, waiting)
  const vps = inventory.get(id)
  if (!vps) return null
  const init = await initOf(means, id)
  const alive = init?.state === 'running'
  switch (settleAfterCut(vps.state, alive)) {
    case 'take back':
      await uncreate(means, id)
      return 'its creation was cut off; it is taken back'
    case 'finish':
      return finish(means, vps, alive)
    case 'running':
    case 'suspended':
      return adopt(means, vps, init?.pid ?? null, seen)
    case 'stopped':
      if (vps.state !== 'stopped' || init) return takeBack(means, vps)
      return followed(means, vps)
    default:
      return null
  }
}

/** What the node did in it was cut off. A workshop goes; a tenant's VPS is as a package manager leaves it that was killed. */
async function endWait(means: Means, vps: VpsRecord): Promise<Outcome> {
  await endWaiting(means, vps)
  if (isWorkshop(vps)) await uncreate(means, vps.id)
  else await means.inventory.settle(vps.id, 'stopped', { pid: null, startedAt: null, waits: false })
  return 'what was being installed in it was cut off'
}

/** A rollback was cut off after it had happened. */
async function followed(means: Means, vps: VpsRecord): Promise<Outcome> {
  const { layers, template } = await followLayers(means, vps.id).catch(() => vps)
  return layers === vps.layers ? null : `its private area is of ${template}`
}

async function finish(means: Means, vps: VpsRecord, alive: boolean): Promise<Outcome> {
  const { inventory, cgroups } = means
  const { id, state } = vps
  if (state === 'destroying') {
    await finishDestroy(means, id)
    return 'its destruction was cut off; it is finished'
  }
  if (state === 'stopping') {
    // An init that still runs may take its time: `continueTasks` waits for it, when the daemon answers already.
    if (alive) return null
    const report = means.exits.take(id)
    if (report) await recordExit(means, report)
    await takeDown(means, vps)
    await inventory.settle(id, 'stopped', { pid: null, startedAt: null })
    return 'its stop was cut off; it is finished'
  }
  if (state === 'suspending') await cgroups.freeze(cgroupOf(means, id))
  else await cgroups.thaw(cgroupOf(means, id))
  await inventory.settle(id, state === 'suspending' ? 'suspended' : 'running')
  return `its ${state === 'suspending' ? 'suspend' : 'resume'} was cut off; it is finished`
}

async function adopt(means: Means, vps: VpsRecord, pid: number | null, seen: Sighting): Promise<Outcome> {
  const path = cgroupOf(means, vps.id)
  const found = (await means.cgroups.exists(path)) && (await means.cgroups.frozen(path)) ? 'suspended' : 'running'
  const outcomes: string[] = []
  if (vps.state !== found || vps.pid !== pid) {
    const began = vps.startedAt === null && pid !== null ? await means.probe.startOf(pid) : null
    const startedAt = vps.startedAt ?? new Date(began ?? Date.now()).toISOString()
    await means.inventory.settle(vps.id, found, { pid, problem: null, startedAt })
    outcomes.push(`found ${found}`)
  }
  if (missingOf(means, vps, seen).length > 0) {
    // What was seen before this VPS's turn came may have changed since.
    const now = await lookAround(means)
    const missing = missingOf(means, vps, now)
    if (missing.length === 0) return outcomes.join('; ') || null
    if (!now.links.has(linkName(means.wires, vps.id))) means.linked.delete(vps.id)
    await reapply(means, vps.id)
    outcomes.push(`${missing.join('; ')}: put right`)
  }
  return outcomes.length === 0 ? null : outcomes.join('; ')
}

async function takeBack(means: Means, vps: VpsRecord): Promise<Outcome> {
  if (vps.state !== 'starting') {
    await dismantle(means, vps, means.exits.take(vps.id))
    return 'it ended while the node daemon was away'
  }
  await takeDown(means, vps)
  await means.inventory.settle(vps.id, 'stopped', { pid: null, startedAt: null })
  return 'its start was cut off; it is taken back'
}

/** VPSs that run and that the database does not know: how many there are. Never killed, for each may be all that is left of a record that was lost. */
async function settleStrangers(means: Means): Promise<number> {
  for (const id of (await means.strays.look()).keys()) {
    // An area that cannot be read is one.
    if (await means.vzfs.areas.show(id).catch(() => true)) {
      means.log(`VPS ${id} runs and has no record in the database; see \`insula doctor\``)
      continue
    }
    means.log(`VPS ${id} runs without a record and without a private area; it is removed`)
    await means.tasks.exclusively(id, () => means.keeper.discard(`${id}`))
  }
  return (await means.strays.look()).size
}

/** What carries this instance's names and belongs to no VPS that runs. */
async function removeLeftovers(means: Means): Promise<void> {
  const { cgroups, links, keeper, wires, instance, tasks, log } = means
  /** In the turn of that VPS, if it does not run. */
  const unlessItRuns = (id: number, remove: () => Promise<void>, what: string): Promise<void> =>
    tasks.exclusively(id, async () => {
      if (await initOf(means, id)) return
      log(`${what} belongs to no running VPS; it is removed`)
      await remove().catch((error: unknown) => log(`${what} could not be removed`, error))
    })
  const runs = new Set((await keeper.list()).map(({ id }) => id))
  const spare = (id: string): boolean => /^\d+$/.test(id) && !runs.has(id) && !tasks.busy(Number(id))

  for (const id of (await readdir(instance.bundles).catch(() => [])).filter(spare))
    await unlessItRuns(Number(id), () => keeper.discard(id), `bundle ${id}`)
  for (const id of (await cgroups.children(instance.cgroup)).filter(spare)) {
    const path = cgroupOf(means, Number(id))
    const remove = async (): Promise<void> => {
      await cgroups.killAll(path)
      await cgroups.remove(path)
    }
    await unlessItRuns(Number(id), remove, `cgroup ${path}`)
  }
  const prefix = `${wires.linkPrefix}.`
  for (const { name } of await links.list(prefix)) {
    const id = name.slice(prefix.length)
    if (spare(id) && name === linkName(wires, Number(id)))
      await unlessItRuns(Number(id), () => links.remove(name), `link ${name}`)
  }
}
