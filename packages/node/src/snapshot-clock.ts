/** Makes the snapshots that are due, and removes those whose time is over. What was missed while nobody looked is made up for by one. */

import { failure } from './failures.ts'
import { isDue } from './life/snapshot-times.ts'
import { makeSnapshot, nameFor, removeSnapshot } from './life/snapshot.ts'
import type { Means } from './means.ts'
import type { VpsRecord } from './record.ts'

const EVERY_MS = 15_000

export function openSnapshotClock(means: Means): Disposable {
  const clock = snapshotClock(means)
  let looking = false
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    clock(new Date())
      .catch((error: unknown) => means.log('snapshots that are due could not be looked at', error))
      .finally(() => (looking = false))
  }, EVERY_MS).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

/** One look at all VPSs. Resolves when what it began is done. */
export function snapshotClock(means: Means): (now: Date) => Promise<void> {
  /** When one was tried last, whether it came to anything or not: what failed waits for its next time. */
  const tried = new Map<number, number>()
  return async (now) => {
    for (const { id } of means.inventory.all()) {
      await look(means, id, now, tried).catch((error: unknown) =>
        means.log(`snapshots of VPS ${id} could not be looked at`, error),
      )
    }
    for (const id of tried.keys()) if (!means.inventory.get(id)) tried.delete(id)
  }
}

async function look(means: Means, id: number, now: Date, tried: Map<number, number>): Promise<void> {
  const vps = means.inventory.get(id)
  if (!vps || means.tasks.busy(id) || vps.state === 'creating' || vps.state === 'destroying') return
  const all = await means.vzfs.snapshots.list(id)
  const over = all.filter(({ expiresAt }) => expiresAt !== null && Date.parse(expiresAt) <= now.getTime())
  await remove(
    means,
    vps,
    over.map(({ name }) => name),
    'their time is over',
  )
  if (vps.snapshots === null || vps.snapshotsSince === null) return
  const scheduled = all.filter(({ cause, name }) => cause === 'schedule' && !over.some((gone) => gone.name === name))
  const made = Math.max(Date.parse(vps.snapshotsSince), ...scheduled.map(({ createdAt }) => Date.parse(createdAt)))
  const last = new Date(Math.max(made, tried.get(id) ?? 0))
  if (!isDue(vps.snapshots, last, now)) return
  tried.set(id, now.getTime())
  await make(means, vps, now)
  await remove(
    means,
    vps,
    scheduled.slice(0, scheduled.length + 1 - vps.snapshots.keep).map(({ name }) => name),
    'newer ones are kept',
  )
}

/** @throws when it failed: then those that are there stay */
async function make(means: Means, vps: VpsRecord, now: Date): Promise<void> {
  const { id, name } = vps
  const wish = { name: `scheduled-${nameFor(now)}`, suspend: vps.snapshots?.suspend ?? false }
  const spec = {
    kind: 'snapshot.create',
    vps: id,
    subject: name,
    params: { name: wish.name },
    doing: `cannot make the snapshot of VPS "${name}" that is due`,
    cancellable: true,
  }
  const { id: task } = await means.tasks.start(spec, (work) => makeSnapshot(means, id, wish, 'schedule', work))
  const { state, error } = await ended(means, task)
  if (state !== 'done') throw failure(error?.code ?? 'internal', error?.message ?? 'it was not made', error?.remedy)
}

async function remove(means: Means, { id, name }: VpsRecord, snapshots: readonly string[], why: string): Promise<void> {
  for (const snapshot of snapshots) {
    const doing = `cannot remove snapshot ${snapshot} of VPS "${name}"`
    const spec = { kind: 'snapshot.remove', vps: id, subject: name, params: { name: snapshot }, doing }
    const { id: task } = await means.tasks.start(spec, async ({ log }) => {
      log(why)
      await removeSnapshot(means, id, snapshot)
    })
    await ended(means, task)
  }
}

const WAIT_MS = 600_000

const ended = (means: Means, task: number) => means.tasks.wait(task, WAIT_MS)
