/** What lies in the pool and in the quarantine, looked at once. */

import { lstatSync, readdirSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '../errors.ts'
import { poolKey } from '../names.ts'
import { poolFiles } from '../references/pool-files.ts'
import type { VolumePaths } from '../volume-paths.ts'

export interface PoolIndex {
  readonly contents: ReadonlyMap<string, Stats>
  /** What is no contents. */
  readonly strays: readonly string[]
  readonly quarantined: ReadonlySet<string>
  /** In the pool now, also when it came after the index was made; null when it is not there. */
  sizeOf(digest: string): number | null
}

export function poolIndex(paths: VolumePaths): PoolIndex {
  const contents = new Map<string, Stats>()
  const strays: string[] = []
  for (const { path, digest } of poolFiles(paths.pool)) {
    const stats = statsOf(path)
    if (stats === null) continue
    if (digest === null || !stats.isFile()) strays.push(path)
    else contents.set(digest, stats)
  }
  return {
    contents,
    strays,
    quarantined: new Set(readdirSync(paths.quarantine)),
    sizeOf(digest) {
      const stats = contents.get(digest) ?? statsOf(join(paths.pool, poolKey(digest)))
      return stats?.isFile() === true ? stats.size : null
    },
  }
}

export function statsOf(path: string): Stats | null {
  try {
    return lstatSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null
    throw error
  }
}
