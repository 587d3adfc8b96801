/** A whole area comes from another volume: as it is now, with its snapshots, under the same id and host ids. There it stays until somebody removes it. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { appear, layersKnown } from '../areas.ts'
import { syncDirectory, writeDurable } from '../durable.ts'
import { toJson } from '../json-file.ts'
import { parseAreaId } from '../names.ts'
import { accountOf, noRoom } from '../no-room.ts'
import { count } from '../quota/account.ts'
import { copyIfThere, copyPrivate, syncVolume } from '../snapshots/copied-area.ts'
import type { CopyOptions } from '../snapshots/snapshot.ts'
import { everySnapshot } from '../snapshots/snapshot-file.ts'
import { knownArea, type SnapshotsNeed } from '../snapshots/snapshots.ts'
import { ownedName } from '../trash.ts'
import { areaPaths, volumePaths } from '../volume-paths.ts'
import type { AreaInfo } from '../vzfs.ts'
import { bringContents } from './bring-contents.ts'
import { type CopySource, inBoth } from './source.ts'

export const receiveArea = (
  need: SnapshotsNeed,
  from: CopySource,
  id: number,
  record: unknown,
  options: CopyOptions = {},
): Promise<AreaInfo> =>
  from.settled(parseAreaId(id), () => inBoth(need.gate, need.paths.volume, from, () => receive(need, from, id, record, options)))

async function receive(
  need: SnapshotsNeed,
  from: CopySource,
  id: number,
  record: unknown,
  options: CopyOptions,
): Promise<AreaInfo> {
  const { paths, trash, mutex, quota, files, moved } = need
  const origin = volumePaths(from.path)
  const area = await knownArea(origin, id)
  const there = origin.area(id)
  // Another file system shares no blocks with this one.
  const means = { ...need, reflink: false }
  const staged = join(paths.tmp, ownedName(area.base))
  const here = areaPaths(staged)
  const account = accountOf(quota, area.base)
  try {
    await mkdir(staged, { mode: 0o700 })
    let copied = 0
    const copying: CopyOptions = { ...options, progress: (done) => options.progress?.(copied + done) }
    copied += (await copyPrivate(means, there, here, area.base, null, copying)).inodes
    await mkdir(here.work, { mode: 0o700 })
    count(quota, here.work, area.base)
    await copyIfThere(there.quota, here.quota)
    await copyIfThere(there.linksRecord, here.linksRecord)
    const kept = await everySnapshot(there)
    const snapshots = kept.map(({ name }) => name)
    if (snapshots.length > 0) await mkdir(here.snapshots, { mode: 0o700 })
    for (const name of snapshots) {
      const [old, made] = [there.snapshot(name), here.snapshot(name)]
      await mkdir(made.directory, { mode: 0o700 })
      copied += (await copyPrivate(means, old, made, area.base, null, copying)).inodes
      for (const file of ['info', 'record', 'quota', 'linksRecord'] as const) await copyIfThere(old[file], made[file])
    }
    await bringContents(need, from, [here.links, ...snapshots.map((name) => here.snapshot(name).links)], options.signal)
    options.signal?.throwIfAborted()
    await writeDurable(here.record, toJson(record))
    await writeDurable(here.info, toJson(area))
    await syncVolume(files, paths.volume)
    await mutex.run(async () => {
      for (const { layers } of [area, ...kept]) await layersKnown(paths, { ...area, layers })
      await appear(moved, staged, paths.area(id).directory, id)
    })
  } catch (error) {
    await trash.discard(staged, area.base)
    throw noRoom(error, { doing: `cannot copy area ${id} from ${from.path} to ${paths.volume}`, volume: paths.volume, account })
  }
  await syncDirectory(paths.areas)
  return area
}
