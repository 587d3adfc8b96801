/** A new area that begins as a copy of another, or of a snapshot of it, under ids of its own. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { appear, layersKnown, planOf } from '../areas.ts'
import { syncDirectory, writeDurable } from '../durable.ts'
import { VzfsError } from '../errors.ts'
import { toJson } from '../json-file.ts'
import { parseAreaId, parseBase } from '../names.ts'
import { count } from '../quota/account.ts'
import { ownedName } from '../trash.ts'
import { areaPaths } from '../volume-paths.ts'
import type { AreaInfo, OverlayPlan } from '../vzfs.ts'
import { copyIfThere, copyPrivate, refusal, syncVolume } from './copied-area.ts'
import type { CloneSource, CopyOptions } from './snapshot.ts'
import { knownArea, type SnapshotsNeed } from './snapshots.ts'
import { readSnapshotInfo } from './snapshot-file.ts'

export interface CloneWish {
  readonly id: number
  readonly base: number
  readonly record: unknown
  /** May mount the new area while nobody knows it yet, and change what is in it. */
  readonly adapt?: (plan: OverlayPlan) => Promise<void>
}

export const cloneArea = (
  need: SnapshotsNeed,
  source: CloneSource,
  wish: CloneWish,
  options: CopyOptions = {},
): Promise<AreaInfo> =>
  need.relinking.settled(parseAreaId(source.id), () => need.gate.shared(() => cloneSettled(need, source, wish, options)))

async function cloneSettled(
  need: SnapshotsNeed,
  source: CloneSource,
  { id, base, record, adapt }: CloneWish,
  options: CopyOptions,
): Promise<AreaInfo> {
  const { paths, trash, mutex, quota, files, moved } = need
  const original = await knownArea(paths, source.id)
  const place = paths.area(source.id)
  const from = source.snapshot === null ? place : place.snapshot(source.snapshot)
  const layers = source.snapshot === null ? original.layers : (await readSnapshotInfo(from.info, source.snapshot))?.layers
  if (layers === undefined) throw new VzfsError('snapshot_unknown', `area ${source.id} has no snapshot ${source.snapshot ?? ''}`)
  const area: AreaInfo = { id: parseAreaId(id), base: parseBase(base), layers }
  const staged = join(paths.tmp, ownedName(base))
  try {
    const made = areaPaths(staged)
    await mkdir(staged, { mode: 0o700 })
    await copyPrivate(need, from, made, base, { from: original.base, to: base }, options)
    options.signal?.throwIfAborted()
    await mkdir(made.work, { mode: 0o700 })
    count(quota, made.work, base)
    await copyIfThere(from.quota, made.quota)
    await writeDurable(made.record, toJson(record))
    await writeDurable(made.info, toJson(area))
    await adapt?.(await planOf(paths, made, layers))
    await syncVolume(files, paths.volume)
    await mutex.run(async () => {
      await layersKnown(paths, area)
      await appear(moved, staged, paths.area(id).directory, id)
    })
  } catch (error) {
    await trash.discard(staged, base)
    throw refusal(error, `cannot clone area ${source.id} as area ${id}`, paths.volume)
  }
  await syncDirectory(paths.areas)
  return area
}
