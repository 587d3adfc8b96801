/** Snapshots of a VPS: made, rolled back to, removed. */

import { type SnapshotCreate, isSnapshotName } from '@insula/contract'
import { beforeRollback, type CopyOptions, type PlaceOptions, type SnapshotCause, type SnapshotInfo } from '@insula/vzfs'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import { parseRecord, type VpsRecord } from '../record.ts'
import type { TaskContext } from '../tasks/engine.ts'
import { requireLegal } from './legality.ts'
import { repairIds } from './quota.ts'
import { heldStill } from './still.ts'

/** How long what was there before a rollback is kept. */
const BEFORE_ROLLBACK_KEPT_MS = 7 * 86_400_000

type Work = Pick<TaskContext, 'signal' | 'progress' | 'log'>

/** "2026-11-26T180512Z", or with a number more when there is that one. */
export function nameFor(at: Date, there: readonly string[] = []): string {
  const name = at.toISOString().replace(/:|\.\d+/g, '')
  for (let number = 2, next = name; ; number++) {
    if (!there.includes(next)) return next
    next = `${name}-${number}`
  }
}

/** @throws ApiFailure unsupported when it runs, the volume cannot share blocks, and nobody said that it may stand still for longer */
export async function requireShort({ vzfs }: Means, { id, name, state }: VpsRecord, suspend: boolean | undefined): Promise<void> {
  if (state !== 'running' || suspend === true || (await vzfs.of(id)).vzfs.reflink) return
  throw failure(
    'unsupported',
    `cannot make a snapshot of VPS "${name}" while it runs: the volume cannot share blocks between files, so all of them have to be copied, and ` +
      'the VPS would stand still for as long as that takes',
    'say --suspend if it may, or stop it first; on XFS it takes a moment',
  )
}

export async function makeSnapshot(
  means: Means,
  id: number,
  wish: SnapshotCreate & { readonly name: string },
  cause: SnapshotCause,
  work: Work,
): Promise<SnapshotInfo> {
  const vps = means.inventory.get(id)
  requireLegal('snapshot', vps, id)
  await requireShort(means, vps, wish.suspend)
  await means.mounted.requireUnchanging(id, `cannot make a snapshot of VPS "${vps.name}"`)
  const expiresAt = wish.expires === undefined ? null : new Date(Date.now() + wish.expires * 1_000).toISOString()
  const said = { name: wish.name, cause, comment: wish.comment ?? null, expiresAt, record: copyOf(vps) }
  work.progress('copy')
  const made = await means.vzfs.snapshots.create(id, said, { ...copying(work), still: stillOf(means, vps, work) })
  tell(means, vps)
  return made
}

/** What it is now becomes snapshot `before`. */
export async function rollBack(means: Means, id: number, name: string, before: string, work: Work): Promise<VpsRecord> {
  const vps = means.inventory.get(id)
  requireLegal('rollback', vps, id)
  await means.mounted.requireNone(id, `cannot roll VPS "${vps.name}" back`)
  const expiresAt = new Date(Date.now() + BEFORE_ROLLBACK_KEPT_MS).toISOString()
  const said = {
    name: before,
    cause: 'rollback',
    comment: `before the rollback to ${name}`,
    expiresAt,
    record: copyOf(vps),
  } as const
  work.progress('copy')
  await means.vzfs.snapshots.rollback(id, name, said, copying(work))
  work.log(`what was there before is kept as ${before}`)
  tell(means, vps)
  return settleRollback(means, id, name)
}

export const nameBefore = (): string => beforeRollback(new Date())

/** A snapshot may have more links than its VPS may have by now: the next relink takes those back. */
export const LINKS_OF_THEN = { relinkDue: true } as const

/**
 * The record and the accounts follow what the private area is. Idempotent.
 * @param then the snapshot that it was brought back to
 */
export async function settleRollback(means: Means, id: number, then: string | null): Promise<VpsRecord> {
  const record = then === null ? null : await recordOf(means, id, then)
  const { share } = await followLayers(means, id)
  const vps = await means.inventory.change(id, {
    ...(record === null ? {} : { apps: record.apps, updatedTo: record.updatedTo }),
    ...(then === null || share === 'all' ? {} : LINKS_OF_THEN),
  })
  await means.vzfs.areas.writeRecord(id, vps)
  await repairIds(means, vps)
  return vps
}

/** An area that was brought back to other layers is of another version of its template, or of another template. */
export async function followLayers(means: Means, id: number): Promise<VpsRecord> {
  const { inventory, vzfs, templates } = means
  const vps = inventory.get(id)
  if (!vps) throw failure('not_found', `there is no VPS ${id} any more`)
  const area = await vzfs.areas.show(id)
  if (area === null || area.layers.join() === vps.layers.join()) return vps
  const layers = [...area.layers]
  // Above it, a shared layer of apps.
  const template = (await templates.list()).find((one) => layers.slice(-one.layers.length).join() === one.layers.join())
  const init = template === undefined ? vps.init : template.init
  const after = await inventory.change(id, { layers, template: template?.ref ?? vps.template, init })
  await vzfs.areas.writeRecord(id, after)
  return after
}

export async function removeSnapshot(means: Means, id: number, name: string): Promise<void> {
  const vps = means.inventory.get(id)
  if (!vps) throw failure('not_found', `there is no VPS ${id} any more`)
  await means.vzfs.snapshots.remove(id, name)
  tell(means, vps)
}

/** Of a snapshot: what a VPS was of then. Null when that cannot be told. */
export async function recordOf(means: Means, id: number, name: string): Promise<VpsRecord | null> {
  try {
    return parseRecord(await means.vzfs.snapshots.record(id, name))
  } catch {
    return null
  }
}

/** @throws ApiFailure not_found */
export async function requireSnapshot(means: Means, { id, name: vps }: VpsRecord, name: string): Promise<SnapshotInfo> {
  const found = isSnapshotName(name) ? (await means.vzfs.snapshots.list(id)).find((one) => one.name === name) : undefined
  if (found) return found
  throw failure('not_found', `VPS "${vps}" has no snapshot "${name}"`, `see \`insula snapshot list ${vps}\``)
}

/** @throws ApiFailure conflict when a snapshot of a VPS that has moved on still needs it */
export async function requireNoSnapshot({ inventory, vzfs }: Means, ref: string, layers: readonly string[]): Promise<void> {
  for (const { id, name } of inventory.all()) {
    const user = (await vzfs.snapshots.list(id)).find((snapshot) => snapshot.layers.some((layer) => layers.includes(layer)))
    if (user === undefined) continue
    throw failure(
      'conflict',
      `cannot remove template ${ref}: snapshot "${user.name}" of VPS "${name}" needs it`,
      `remove that first: insula snapshot remove ${name} ${user.name}`,
    )
  }
}

const copyOf = (vps: VpsRecord): VpsRecord => ({ ...vps, state: 'stopped', pid: null, startedAt: null, held: false })

export function copying({ signal, progress }: Pick<Work, 'signal' | 'progress'>): CopyOptions {
  return { signal, progress: (done) => progress('copy', done) }
}

/** What is told while layers are copied to the volume of a VPS. */
export const copyingLayers = ({ signal, progress }: Pick<Work, 'signal' | 'progress'>): PlaceOptions => ({
  signal,
  copying: (layer, done, total) => progress(`copying ${layer} to the volume`, done, total),
})

function stillOf(means: Means, { id, state }: VpsRecord, { log }: Work): NonNullable<CopyOptions['still']> {
  if (state !== 'running') return (copy) => copy()
  return async (copy) => {
    const began = performance.now()
    try {
      return await heldStill(means, id, copy)
    } finally {
      log(`it stood still for ${Math.round(performance.now() - began)} ms`)
    }
  }
}

const tell = (means: Means, { id, name }: VpsRecord): void =>
  means.events.emit({ kind: 'vps.changed', vps: id, data: { name, fields: ['snapshots'] } })
