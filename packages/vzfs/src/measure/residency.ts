/** Which contents lie in RAM, for which layers, and what that saves while several roots are in use. For threads. */

import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type FileCalls, PAGE_BYTES, type PageCache } from '@insula/kernel'
import { readAreas } from '../areas.ts'
import { readablePath } from '../build/entry.ts'
import { errnoOf } from '../errors.ts'
import { poolKey } from '../names.ts'
import { knownLayer } from '../references/known-layer.ts'
import { stubsBelow } from '../references/stubs-below.ts'
import { type VolumePaths, volumePaths } from '../volume-paths.ts'
import type { LayerResidency, ResidencyReport } from '../reports.ts'

export interface ResidencyJob {
  readonly volume: string
  /** Areas whose roots are in use now. */
  readonly running: readonly number[]
  /** How many files are told of each layer. */
  readonly files: number
}

export async function measureResidency(
  files: FileCalls,
  cache: PageCache,
  { volume, running, files: told }: ResidencyJob,
): Promise<ResidencyReport> {
  const paths = volumePaths(volume)
  const areas = (await readAreas(paths)).areas.filter(({ id }) => running.includes(id))
  const resident = residentOf(paths, cache)
  const viewers = new Map<string, Set<number>>()
  const see = (digest: string, id: number): void => void viewers.set(digest, (viewers.get(digest) ?? new Set()).add(id))
  const layers: LayerResidency[] = []
  for (const name of readdirSync(paths.layers)) {
    const known = await knownLayer(files, paths.layer(name).directory, name)
    if (known === null) continue
    const users = areas.filter((area) => area.layers.includes(name)).map(({ id }) => id)
    const firstPaths = new Map<string, string>()
    for (const { digest, path } of known.entries) if (digest !== null && !firstPaths.has(digest)) firstPaths.set(digest, path)
    const found: { path: string; bytes: number; resident: number }[] = []
    for (const [digest, path] of firstPaths) {
      const pages = resident(digest)
      if (pages === null) continue
      for (const id of users) see(digest, id)
      found.push({ path: `/${readablePath(path)}`, ...pages })
    }
    const total = found.reduce((sum, one) => sum + one.resident, 0)
    layers.push({
      name,
      users: users.length,
      files: found.length,
      bytes: found.reduce((sum, one) => sum + one.bytes, 0),
      residentFiles: found.filter((one) => one.resident > 0).length,
      resident: total,
      saved: total * Math.max(0, users.length - 1),
      biggest: found
        .filter((one) => one.resident > 0)
        .toSorted((a, b) => b.resident - a.resident)
        .slice(0, told),
    })
  }
  for (const { id } of areas)
    await stubsBelow(files, join(paths.area(id).directory, 'links'), (digest) => {
      if (resident(digest) !== null) see(digest, id)
    })
  let [total, saved] = [0, 0]
  const own = new Map(areas.map(({ id }) => [id, { resident: 0, saved: 0 }]))
  for (const [digest, ids] of viewers) {
    const bytes = resident(digest)?.resident ?? 0
    total += bytes
    saved += bytes * (ids.size - 1)
    for (const id of ids) {
      const one = own.get(id)
      if (one === undefined) continue
      one.resident += bytes
      // All parts together are the whole.
      one.saved += bytes * (1 - 1 / ids.size)
    }
  }
  return {
    layers,
    areas: [...own].map(([id, one]) => ({ id, resident: one.resident, saved: Math.round(one.saved) })),
    resident: total,
    saved,
  }
}

/** Bytes of contents and how many of them are in RAM; null when they are not in the pool. */
export function residentOf({ pool }: VolumePaths, cache: PageCache) {
  const known = new Map<string, { readonly bytes: number; readonly resident: number } | null>()
  return (digest: string): { readonly bytes: number; readonly resident: number } | null => {
    const before = known.get(digest)
    if (before !== undefined) return before
    const now = withContents(pool, digest, (fd, size) => ({
      bytes: size,
      resident: Math.min(Math.ceil(size / PAGE_BYTES), cache.residentPages(fd, 0, size)) * PAGE_BYTES,
    }))
    known.set(digest, now)
    return now
  }
}

export function withContents<T>(pool: string, digest: string, body: (fd: number, size: number) => T): T | null {
  let fd: number
  try {
    fd = openSync(join(pool, poolKey(digest)), constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
  try {
    return body(fd, fstatSync(fd).size)
  } finally {
    closeSync(fd)
  }
}
