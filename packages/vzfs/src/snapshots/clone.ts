/** A new area that begins as a copy of another, or of a snapshot of it, under ids of its own. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { appear, layersKnown, planOf } from '../areas.ts'
import { bringContents } from '../arrive/bring-contents.ts'
import { type CopySource, inBoth } from '../arrive/source.ts'
import { syncDirectory, writeDurable } from '../durable.ts'
import { VzfsError } from '../errors.ts'
import { toJson } from '../json-file.ts'
import { parseAreaId, parseBase } from '../names.ts'
import { accountOf, noRoom } from '../no-room.ts'
import { count } from '../quota/account.ts'
import { ownedName } from '../trash.ts'
import { areaPaths, type VolumePaths, volumePaths } from '../volume-paths.ts'
import type { AreaInfo, OverlayPlan } from '../vzfs.ts'
import { copyIfThere, copyPrivate, syncVolume } from './copied-area.ts'
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
  need.relinking.settled(parseAreaId(source.id), () =>
    need.gate.shared(() => cloneSettled(need, need.paths, source, wish, options)),
  )

/** As `cloneArea`, of an area of another volume. What it consists of has to be here. */
export const cloneFrom = (
  need: SnapshotsNeed,
  from: CopySource,
  source: CloneSource,
  wish: CloneWish,
  options: CopyOptions = {},
): Promise<AreaInfo> =>
  from.settled(parseAreaId(source.id), () =>
    inBoth(need.gate, need.paths.volume, from, () =>
      // Another file system shares no blocks with this one.
      cloneSettled({ ...need, reflink: false }, volumePaths(from.path), source, wish, options, from),
    ),
  )

async function cloneSettled(
  need: SnapshotsNeed,
  origin: VolumePaths,
  source: CloneSource,
  { id, base, record, adapt }: CloneWish,
  options: CopyOptions,
  from: CopySource | null = null,
): Promise<AreaInfo> {
  const { paths, trash, mutex, quota, files, moved } = need
  const original = await knownArea(origin, source.id)
  const place = origin.area(source.id)
  const copied = source.snapshot === null ? place : place.snapshot(source.snapshot)
  const layers = source.snapshot === null ? original.layers : (await readSnapshotInfo(copied.info, source.snapshot))?.layers
  if (layers === undefined) throw new VzfsError('snapshot_unknown', `area ${source.id} has no snapshot ${source.snapshot ?? ''}`)
  const area: AreaInfo = { id: parseAreaId(id), base: parseBase(base), layers }
  const staged = join(paths.tmp, ownedName(base))
  const account = accountOf(quota, base)
  try {
    const made = areaPaths(staged)
    await mkdir(staged, { mode: 0o700 })
    await copyPrivate(need, copied, made, base, { from: original.base, to: base }, options)
    if (from !== null) await bringContents(need, from, [made.links], options.signal)
    options.signal?.throwIfAborted()
    await mkdir(made.work, { mode: 0o700 })
    count(quota, made.work, base)
    await copyIfThere(copied.quota, made.quota)
    await copyIfThere(copied.linksRecord, made.linksRecord)
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
    throw noRoom(error, { doing: `cannot clone area ${source.id} as area ${id}`, volume: paths.volume, account })
  }
  await syncDirectory(paths.areas)
  return area
}
