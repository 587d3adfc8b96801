/**
 * What a daemon does when it begins: compares what its records say with what is there, adopts what runs, finishes or takes back what was
 * cut off, and removes what carries this instance's names and belongs to no VPS. Nothing here is remembered from before: kernel objects, the
 * keeper and the records are all there is.
 */

import { uncreate } from './life/create.ts'
import { finishDestroy } from './life/destroy.ts'
import { linkName } from './life/network.ts'
import { cgroupOf, takeDown } from './life/parts.ts'
import { finishStop } from './life/stop.ts'
import type { Means } from './means.ts'
import type { VpsRecord } from './record.ts'

/** Of one VPS: what was done about it, in words; null when all was as it should be. */
type Outcome = string | null

export async function reconcile(means: Means): Promise<void> {
  const { inventory, keeper, log } = means
  const kept = new Map((await keeper.list()).map((one) => [Number(one.id), one]))
  for (const vps of inventory.all()) {
    if (kept.has(vps.id) && vps.addresses.length > 0) means.linked.add(vps.id)
  }
  for (const vps of inventory.all()) {
    try {
      const outcome = await settle(means, vps, kept.get(vps.id)?.state ?? null)
      if (outcome) log(`VPS ${vps.name}: ${outcome}`)
    } catch (error) {
      log(`VPS ${vps.name}: could not be brought to order`, error)
      await inventory
        .move(vps.id, kept.has(vps.id) ? 'running' : 'failed', { problem: (error as Error).message })
        .catch(() => undefined)
    }
  }
  for (const id of kept.keys()) if (!inventory.get(id)) await removeStranger(means, id)
  await removeLeftovers(means)
  await means.firewall.refresh()
  await closeInterruptedTasks(means)
}

async function settle(means: Means, vps: VpsRecord, init: 'created' | 'running' | null): Promise<Outcome> {
  const { inventory } = means
  const { id, state } = vps
  switch (state) {
    case 'creating':
      // The area appears whole or not at all; without it nothing was made.
      if (await means.vzfs.areas.show(id)) {
        await inventory.move(id, 'stopped')
        return 'its creation was cut off at the end; it is whole'
      }
      await uncreate(means, id)
      return 'its creation was cut off; it is taken back'
    case 'destroying':
      await finishDestroy(means, id)
      return 'its destruction was cut off; it is finished'
    case 'stopping':
      await finishStop(means, id, {}, await isFrozen(means, id))
      return 'its stop was cut off; it is finished'
    case 'starting':
    case 'running':
    case 'suspended':
    case 'suspending':
    case 'resuming':
      return settleUp(means, vps, init)
    default:
      if (init === null) return null
      // Stopped on paper, alive in fact: a start whose last word was lost.
      return settleUp(means, vps, init)
  }
}

async function settleUp(means: Means, vps: VpsRecord, init: 'created' | 'running' | null): Promise<Outcome> {
  const { inventory, keeper } = means
  const { id, state } = vps
  if (init === 'running') {
    const pid = (await keeper.list()).find((one) => one.id === `${id}`)?.pid ?? null
    const now = (await isFrozen(means, id)) ? 'suspended' : 'running'
    await inventory.move(id, now, { pid, startedAt: vps.startedAt ?? new Date().toISOString() })
    return state === now ? null : `found ${now}`
  }
  await takeDown(means, vps)
  const ended = state !== 'starting'
  await inventory.move(id, 'stopped', { pid: null, startedAt: null, ...(ended ? { problem: null } : {}) })
  return ended ? 'it ended while the node daemon was away' : 'its start was cut off; it is taken back'
}

async function isFrozen(means: Means, id: number): Promise<boolean> {
  const path = cgroupOf(means, id)
  return (await means.cgroups.exists(path)) && means.cgroups.frozen(path)
}

/** A VPS that runs and that the database does not know. Never killed: it may be all that is left of a record that was lost. */
async function removeStranger(means: Means, id: number): Promise<void> {
  if (await means.vzfs.areas.show(id)) {
    means.log(`VPS ${id} runs and has a private area, but no record; \`insula recover\` brings it back`)
    return
  }
  means.log(`VPS ${id} runs without a record and without a private area; it is removed`)
  await means.keeper.discard(`${id}`)
}

/** Cgroups and links that carry this instance's names and belong to no VPS that runs. */
async function removeLeftovers(means: Means): Promise<void> {
  const { inventory, cgroups, links, keeper, wires, log } = means
  const running = new Set((await keeper.list()).map(({ id }) => Number(id)))
  const isOurs = (id: number): boolean => running.has(id) || means.linked.has(id)
  for (const name of await cgroups.children(means.instance.cgroup)) {
    const id = Number(name)
    if (!Number.isInteger(id) || running.has(id)) continue
    log(`cgroup ${means.instance.cgroup}/${name} belongs to no running VPS; it is removed`)
    await cgroups.killAll(cgroupOf(means, id)).catch((error: unknown) => log('its processes could not be killed', error))
    await cgroups.remove(cgroupOf(means, id)).catch((error: unknown) => log('it could not be removed', error))
  }
  for (const link of await links.list(`${wires.linkPrefix}.`)) {
    const id = Number(link.name.slice(wires.linkPrefix.length + 1))
    if (Number.isInteger(id) && isOurs(id) && link.name === linkName(wires, id)) continue
    log(`link ${link.name} belongs to no running VPS; it is removed`)
    await links.remove(link.name)
  }
  for (const area of await means.vzfs.areas.list()) {
    if (!inventory.get(area.id))
      log(`the private area of VPS ${area.id} has no record in the database; \`insula recover\` brings it back`)
  }
}

/** The VPSs are in order; now the tasks that were cut off get their end. */
async function closeInterruptedTasks({ tasks, inventory }: Means): Promise<void> {
  for (const task of await tasks.interrupted()) {
    const vps = task.vps === null ? null : inventory.get(task.vps)
    const done = wasFinished(task.kind, vps?.state ?? null)
    await tasks.settle(
      task.id,
      done
        ? { result: null }
        : {
            error: {
              code: 'cancelled',
              message: `${task.kind} of ${task.subject} was cut off by a restart of the node daemon and taken back`,
              remedy: 'run the command again',
            },
          },
    )
  }
}

/** Whether a VPS is where a task of this kind would have brought it. */
function wasFinished(kind: string, state: string | null): boolean {
  const goal: Readonly<Record<string, string | null>> = {
    'vps.create': 'stopped',
    'vps.start': 'running',
    'vps.stop': 'stopped',
    'vps.restart': 'running',
    'vps.suspend': 'suspended',
    'vps.resume': 'running',
    'vps.destroy': null,
  }
  return kind in goal && goal[kind] === state
}
