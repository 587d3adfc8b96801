/** The snapshots of a volume's areas. */

import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readAreaInfo } from '../area-file.ts'
import { layersKnown } from '../areas.ts'
import { syncDirectory, writeDurable } from '../durable.ts'
import { errnoOf, VzfsError } from '../errors.ts'
import { readJson, toJson } from '../json-file.ts'
import type { Mutex } from '../mutex.ts'
import { parseAreaId, parseSnapshotName } from '../names.ts'
import { accountOf, noRoom } from '../no-room.ts'
import type { PoolGate } from '../pool-gate.ts'
import { NO_ID_SETTINGS } from '../quota/settings.ts'
import type { Relinking } from '../relink/relinking.ts'
import { ownedName, type Trash } from '../trash.ts'
import { snapshotPaths, type VolumePaths } from '../volume-paths.ts'
import type { AreaInfo } from '../vzfs.ts'
import { copyIfThere, type CopyMeans, copyPrivate, exists, syncVolume } from './copied-area.ts'
import { finishRollback, type Move, type RollbackJournal, rollbackPaths } from './rollback.ts'
import { readSnapshotInfo, snapshotNames } from './snapshot-file.ts'
import type { SnapshotInfo, Snapshots, SnapshotWish } from './snapshot.ts'

export interface SnapshotsNeed extends CopyMeans {
  readonly paths: VolumePaths
  readonly trash: Trash
  /** Held while an area starts to use a layer and while a layer goes. */
  readonly mutex: Mutex
  readonly gate: PoolGate
  readonly warn: (message: string) => void
  readonly now: () => Date
  readonly moved: Move
  /** Keeps a relink of the area away, and finishes one that was cut off. */
  readonly relinking: Pick<Relinking, 'settled'>
}

export function openSnapshots(need: SnapshotsNeed): Snapshots {
  const { paths, trash, mutex, warn, now, moved, files, relinking, gate, quota } = need

  /** When no relink of the area is under way, and none of its links can lose its contents. */
  const alone = <T>(id: number, body: () => Promise<T>): Promise<T> => relinking.settled(id, () => gate.shared(body))
  const show = async (id: number, name: string): Promise<SnapshotInfo> => {
    const found = await readSnapshotInfo(paths.area(parseAreaId(id)).snapshot(parseSnapshotName(name)).info, name)
    if (found === null) throw new VzfsError('snapshot_unknown', `area ${id} has no snapshot ${name}`)
    return found
  }
  const infoOf = (wish: SnapshotWish, { layers }: AreaInfo, sum: { bytes: number; inodes: number }): SnapshotInfo => {
    const { record: _record, ...said } = wish
    return { ...said, createdAt: now().toISOString(), layers, bytes: sum.bytes, inodes: sum.inodes }
  }
  const requireNew = async (id: number, name: string): Promise<void> => {
    if (await exists(paths.area(id).snapshot(name).directory)) throw snapshotExists(id, name)
  }
  /** Makes something in a directory of its own, which goes when that fails. */
  const staging = async <T>(base: number, doing: string, body: (directory: string) => Promise<T>): Promise<T> => {
    const staged = join(paths.tmp, ownedName(base))
    const account = accountOf(quota, base)
    try {
      await mkdir(staged, { mode: 0o700 })
      return await body(staged)
    } catch (error) {
      await trash.discard(staged, base)
      throw noRoom(error, { doing, volume: paths.volume, account })
    }
  }

  return {
    create: (id, wish, options = {}) =>
      alone(id, async () => {
        const { name, record } = wish
        const doing = `cannot make snapshot ${parseSnapshotName(name)} of area ${id}`
        const area = await knownArea(paths, id)
        const place = paths.area(id)
        await requireNew(id, name)
        return staging(area.base, doing, async (staged) => {
          const made = snapshotPaths(staged)
          const sum = await copyPrivate(need, place, made, area.base, null, options)
          options.signal?.throwIfAborted()
          const info = infoOf(wish, area, sum)
          await copyIfThere(place.quota, made.quota)
          await copyIfThere(place.linksRecord, made.linksRecord)
          await writeDurable(made.record, toJson(record))
          await writeDurable(made.info, toJson(info))
          await syncVolume(files, paths.volume)
          await makeDirectory(place.snapshots)
          await appear(moved, staged, place.snapshot(name).directory, id, name)
          await syncDirectory(place.snapshots)
          return info
        })
      }),

    async list(id) {
      const place = paths.area(parseAreaId(id))
      const found = await Promise.all(
        (await snapshotNames(place)).map((name) =>
          readSnapshotInfo(place.snapshot(name).info, name).catch((error: unknown) => {
            warn(`a snapshot is left out of the list: ${String(error)}`)
            return null
          }),
        ),
      )
      return found
        .filter((snapshot) => snapshot !== null)
        .toSorted((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt) || (a.name < b.name ? -1 : 1))
    },

    show,

    async record(id, name) {
      await show(id, name)
      return (await readJson(paths.area(id).snapshot(name).record)) ?? null
    },

    async remove(id, name) {
      const { base } = await knownArea(paths, id)
      const { directory } = paths.area(id).snapshot(parseSnapshotName(name))
      if (!(await mutex.run(() => trash.discard(directory, base))))
        throw new VzfsError('snapshot_unknown', `area ${id} has no snapshot ${name}`)
      await syncDirectory(paths.area(id).snapshots)
    },

    rollback: (id, name, before, options = {}) =>
      alone(id, async () => {
        const doing = `cannot roll area ${id} back to snapshot ${name}`
        const area = await knownArea(paths, id)
        const place = paths.area(id)
        const snapshot = await show(id, name)
        await requireNew(id, parseSnapshotName(before.name))
        await staging(area.base, doing, async (staged) => {
          const made = rollbackPaths(staged)
          const source = place.snapshot(name)
          const sum = await copyPrivate(need, source, made, area.base, null, options)
          options.signal?.throwIfAborted()
          await mkdir(made.before.directory, { mode: 0o700 })
          await copyIfThere(place.quota, made.before.quota)
          await copyIfThere(source.linksRecord, made.linksRecord)
          await writeDurable(made.before.record, toJson(before.record))
          // What it takes is nearly what was copied; to count it would be to read it all.
          await writeDurable(made.before.info, toJson(infoOf(before, area, sum)))
          if (!(await copyIfThere(source.quota, made.quota))) await writeDurable(made.quota, JSON.stringify(NO_ID_SETTINGS))
          await writeDurable(made.info, toJson({ ...area, layers: snapshot.layers }))
          const journal: RollbackJournal = {
            before: before.name,
            hadLinks: await exists(place.links),
            getsLinks: await exists(source.links),
            hadRecord: await exists(place.linksRecord),
            getsRecord: await exists(source.linksRecord),
          }
          await writeDurable(made.journal, toJson(journal))
          await syncVolume(files, paths.volume)
          // Under the mutex: from here on it uses the layers of the snapshot, which until now kept them.
          await mutex.run(async () => {
            await layersKnown(paths, { ...area, layers: snapshot.layers })
            await moved(staged, place.rollback)
          })
          await syncDirectory(place.directory)
        })
        await mutex.run(() => finishRollback(place, trash, area.base, moved))
        return snapshot
      }),
  }
}

/** Name of a snapshot of what was there before a rollback at this time. */
export const beforeRollback = (at: Date): string =>
  `before-rollback-${at.toISOString().replace(/[-:]|\.\d+Z$/g, '')}-${randomBytes(2).toString('hex')}`

export async function knownArea(paths: VolumePaths, id: number): Promise<AreaInfo> {
  const area = await readAreaInfo(paths.area(parseAreaId(id)).info, id)
  if (area === null) throw new VzfsError('area_unknown', `there is no area ${id} on ${paths.volume}`)
  return area
}

async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  await syncDirectory(join(path, '..'))
}

async function appear(moved: Move, staged: string, directory: string, id: number, name: string): Promise<void> {
  try {
    await moved(staged, directory)
  } catch (error) {
    const code = errnoOf(error)
    throw code === 'ENOTEMPTY' || code === 'EEXIST' ? snapshotExists(id, name) : error
  }
}

const snapshotExists = (id: number, name: string): VzfsError =>
  new VzfsError('snapshot_exists', `area ${id} has a snapshot ${name} already`)
