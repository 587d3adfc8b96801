/** What of an area lies in its account. */

import { type DiskUse, diskUse } from './disk-use.ts'
import { exists } from './snapshots/copied-area.ts'
import { everySnapshot, snapshotNames } from './snapshots/snapshot-file.ts'
import type { AreaPaths } from './volume-paths.ts'

export async function privateTrees(area: AreaPaths): Promise<string[]> {
  const kept = (await snapshotNames(area)).map((name) => area.snapshot(name))
  const links = [area, ...kept].map((one) => one.links)
  const there = await Promise.all(links.map(async (path) => ((await exists(path)) ? [path] : [])))
  return [area.upper, area.work, ...kept.map(({ upper }) => upper), ...there.flat()]
}

/** File by file, but for snapshots, which do not change. */
export async function countPrivate(area: AreaPaths): Promise<DiskUse> {
  const parts = [await diskUse(area.upper), await diskUse(area.links), ...(await everySnapshot(area))]
  return { bytes: sum(parts.map(({ bytes }) => bytes)), inodes: sum(parts.map(({ inodes }) => inodes)) }
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0)
