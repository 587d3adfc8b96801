/**
 * Tasks that the end of an earlier daemon cut off, once `reconcile` has put the VPSs in order. A stop whose VPS still runs is waited for, a restart
 * starts again what it stopped, a change is made to hold; the others are over, done or taken back, and say so.
 */

import { CONFIGURE, configureOnBoot } from './apps/configurator.ts'
import { APP_KINDS, runOnMany } from './apps/run-on-many.ts'
import { reapply } from './life/change.ts'
import { destroyVps } from './life/destroy.ts'
import { failure } from './failures.ts'
import { settleRollback } from './life/snapshot.ts'
import { rebaseVps } from './life/rebase.ts'
import { startVps } from './life/start.ts'
import { destroyOrphan, endOrphan } from './life/orphan.ts'
import { finishStop, type StopOptions } from './life/stop.ts'
import { cgroupOf } from './life/parts.ts'
import type { Means } from './means.ts'
import { runUpdates, UPDATE_KIND } from './updates/run-updates.ts'
import type { Interrupted, TaskContext } from './tasks/engine.ts'

export async function continueTasks(means: Means): Promise<void> {
  const { tasks, inventory } = means
  const continued = new Set<number>()
  for (const interrupted of await tasks.interrupted()) {
    const { task } = interrupted
    const body = continuation(means, interrupted)
    if (body !== null) {
      if (task.vps !== null) continued.add(task.vps)
      await tasks.resume(task.id, `cannot finish ${task.kind} of ${task.subject}`, body, isRollout(task.kind))
      continue
    }
    await tasks.settle(
      task.id,
      isDone(means, interrupted) || (await isSnapshotDone(means, interrupted)) || (await isMountDone(means, interrupted))
        ? { result: null }
        : { error: takenBack(interrupted) },
    )
  }
  for (const { id, name, state } of inventory.all()) {
    if (state !== 'stopping' || continued.has(id)) continue
    const doing = `cannot finish the stop of VPS "${name}"`
    await tasks.start({ kind: 'vps.stop', vps: id, subject: name, doing }, () => finish(means, id, {}))
  }
}

/** What works in VPSs, whose tenants decide how long that takes. */
const isRollout = (kind: string): boolean => kind === UPDATE_KIND || kind === CONFIGURE || APP_KINDS[kind] !== undefined

type Body = (context: TaskContext) => Promise<unknown>

/** What is left to do; null: nothing. */
function continuation(means: Means, { task, params }: Interrupted): Body | null {
  const { inventory } = means
  if (task.kind === UPDATE_KIND) return (context) => runUpdates(means, params, context)
  const deed = APP_KINDS[task.kind]
  if (deed !== undefined) return (context) => runOnMany(means, deed, params, context)
  if (task.kind === CONFIGURE) return (context) => configureOnBoot(means, (params as { vps: number }).vps, context)
  const vps = task.vps === null ? null : inventory.get(task.vps)
  if (task.vps !== null && !vps && (params as { orphan?: boolean } | null)?.orphan === true) {
    const { vps: orphan, kind } = task
    return () => (kind === 'vps.destroy' ? destroyOrphan(means, orphan) : endOrphan(means, orphan))
  }
  if (!vps) return null
  const { id, state } = vps
  const stopping = state === 'stopping'
  const stop = (options = params as StopOptions | null): Promise<unknown> =>
    stopping ? finish(means, id, options ?? {}) : Promise.resolve()
  switch (task.kind) {
    case 'vps.stop':
      return stopping ? () => stop() : null
    case 'vps.restart':
      if (!stopping && state !== 'stopped') return null
      return async () => {
        await stop()
        return startVps(means, id)
      }
    case 'vps.destroy':
      if (!stopping) return null
      return async () => {
        await stop({ force: true })
        await destroyVps(means, id, true)
      }
    case 'vps.rebase':
      return (context) => rebaseVps(means, id, (params as { template: string }).template, context)
    case 'vps.set':
    case 'vps.rename':
      return () => reapply(means, id)
    case 'snapshot.rollback':
      // Its end is the record's: idempotent, and of what did not happen there is nothing to follow.
      return state === 'stopped' || state === 'failed' ? () => followRollback(means, id, params) : null
    default:
      return null
  }
}

async function followRollback(means: Means, id: number, params: unknown): Promise<unknown> {
  const { before = '', name = null } = (params ?? {}) as { before?: string; name?: string }
  const happened = (await means.vzfs.snapshots.list(id)).some((snapshot) => snapshot.name === before)
  await settleRollback(means, id, happened ? name : null)
  if (happened) return { before }
  throw failure(
    'cancelled',
    'the rollback was cut off by the end of the node daemon, and has not happened',
    'run the command again',
  )
}

const finish = async (means: Means, id: number, options: StopOptions): Promise<unknown> =>
  finishStop(means, id, options, await means.cgroups.frozen(cgroupOf(means, id)).catch(() => false))

/** Whether a VPS is where a task of this kind would have brought it. */
function isDone({ inventory }: Means, { task, params }: Interrupted): boolean {
  const state = task.vps === null ? null : (inventory.get(task.vps)?.state ?? null)
  const started = (params as { start?: boolean } | null)?.start === true
  const goals: Readonly<Record<string, string | null>> = {
    'vps.create': started ? 'running' : 'stopped',
    'vps.start': 'running',
    'vps.stop': 'stopped',
    'vps.restart': 'running',
    'vps.suspend': 'suspended',
    'vps.resume': 'running',
    'vps.destroy': null,
  }
  return task.kind in goals && goals[task.kind] === state
}

/** Those of snapshots happen by one rename, or are finished when the volume is opened. */
async function isSnapshotDone({ vzfs, inventory, volumeBook }: Means, { task, params }: Interrupted): Promise<boolean> {
  if (task.kind === 'volume.add') return volumeBook.list.find(task.subject) !== null
  if (task.kind === 'volume.remove') return volumeBook.list.find(task.subject) === null
  if (task.vps === null || !inventory.get(task.vps)) return false
  if (task.kind === 'vps.move') return inventory.get(task.vps)?.volume === (params as { volume?: string } | null)?.volume
  const { name, clone } = (params ?? {}) as { name?: string; clone?: number }
  if (task.kind === 'vps.clone') return clone !== undefined && inventory.get(clone)?.state === 'stopped'
  if (!task.kind.startsWith('snapshot.')) return false
  const names = (await vzfs.snapshots.list(task.vps)).map((snapshot) => snapshot.name)
  if (task.kind === 'snapshot.create') return names.includes(name ?? '')
  return task.kind === 'snapshot.remove' && !names.includes(name ?? '')
}

/** The kernel knows. */
async function isMountDone({ mounted }: Means, { task: { kind, vps } }: Interrupted): Promise<boolean> {
  if (vps === null || (kind !== 'vps.mount' && kind !== 'vps.unmount')) return false
  return ((await mounted.of(vps)) !== null) === (kind === 'vps.mount')
}

const takenBack = ({ task }: Interrupted) => ({
  code: 'cancelled' as const,
  message: `${task.kind} of ${task.subject} was cut off by the end of the node daemon, and is taken back`,
  remedy: 'run the command again',
})
