/**
 * What areas, layers and the volume take and save on disk. Words, as in docs/vzfs.md: *apparent*, the lengths of all regular files that a root shows; *shared*,
 * what the contents take in the pool that it shows; *saved*, what would be on disk more if each area had copies of its own. For threads.
 */

import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import { readAreas } from '../areas.ts'
import { diskUse } from '../disk-use.ts'
import { poolKey } from '../names.ts'
import { knownLayer, type KnownLayer } from '../references/known-layer.ts'
import { poolFiles } from '../references/pool-files.ts'
import { volumePaths } from '../volume-paths.ts'
import type { SpaceReport } from '../reports.ts'
import { filesIn, type Visible, visibleIn, withTree } from './visible.ts'

export interface SpaceJob {
  readonly volume: string
}

const BLOCK = 512

export async function measureSpace(files: FileCalls, { volume }: SpaceJob): Promise<SpaceReport> {
  const paths = volumePaths(volume)
  const pool = poolSizes(paths.pool)
  const { areas } = await readAreas(paths)
  const layers = new Map<string, KnownLayer>()
  const known = async (name: string): Promise<KnownLayer | null> => {
    const found = layers.get(name) ?? (await knownLayer(files, paths.layer(name).directory, name))
    if (found !== null) layers.set(name, found)
    return found
  }
  const bases = new Map<string, Visible>()
  const baseOf = async (names: readonly string[]): Promise<Visible> => {
    const key = names.join('\n')
    const all = await Promise.all(names.map(known))
    const base = bases.get(key) ?? visibleIn(all.flatMap((layer) => (layer === null ? [] : [layer.entries])))
    bases.set(key, base)
    return base
  }

  const viewers = new Map<string, number>()
  const seen: {
    readonly id: number
    readonly apparent: number
    readonly files: number
    readonly contents: ReadonlySet<string>
  }[] = []
  for (const { id, layers: names } of areas) {
    const { directory, upper } = paths.area(id)
    const below = await withTree(files, await baseOf(names), join(directory, 'links'))
    // A tenant can move directories faster than they are read. Nobody else's figures wait for that.
    let own = { files: 0, bytes: 0 }
    const visible = await withTree(files, below, upper, own).catch(() => {
      own = { files: 0, bytes: 0 }
      return below
    })
    const contents = new Set<string>()
    let [apparent, count] = [own.bytes, own.files]
    for (const { size, digest } of filesIn(visible)) {
      apparent += size
      count += 1
      if (digest !== null && pool.has(digest)) contents.add(digest)
    }
    for (const digest of contents) viewers.set(digest, (viewers.get(digest) ?? 0) + 1)
    seen.push({ id, apparent: countable(apparent), files: count, contents })
  }
  const sum = (contents: Iterable<string>, part: (bytes: number, views: number) => number): number => {
    let bytes = 0
    for (const digest of contents) bytes += part(pool.get(digest) ?? 0, viewers.get(digest) ?? 0)
    return Math.round(bytes)
  }
  const whole = (bytes: number): number => bytes
  const others = (bytes: number, views: number): number => bytes * Math.max(0, views - 1)

  const ofLayers: SpaceReport['layers'][number][] = []
  for (const name of readdirSync(paths.layers)) {
    const layer = await known(name)
    if (layer === null) continue
    const contents = new Set(layer.entries.flatMap(({ digest }) => (digest !== null && pool.has(digest) ? [digest] : [])))
    ofLayers.push({
      name,
      users: areas.filter((area) => area.layers.includes(name)).length,
      apparent: layer.info.bytes,
      own: (await diskUse(paths.layer(name).directory)).bytes,
      shared: sum(contents, whole),
      saved: sum(contents, others),
    })
  }
  return {
    areas: seen.map(({ id, apparent, files: count, contents }) => ({
      id,
      apparent,
      files: count,
      shared: sum(contents, whole),
      // Each area's part of what is saved: all parts together are the whole.
      saved: sum(contents, (bytes, views) => bytes * (1 - 1 / views)),
    })),
    layers: ofLayers,
    pool: { files: pool.size, bytes: sum(pool.keys(), whole), saved: sum(viewers.keys(), others) },
  }
}

/** A file is as long as its owner says, and takes nothing for it: a few are longer together than can be told. */
const countable = (bytes: number): number => Math.min(bytes, Number.MAX_SAFE_INTEGER)

function poolSizes(pool: string): Map<string, number> {
  const sizes = new Map<string, number>()
  for (const { digest } of poolFiles(pool)) {
    if (digest === null) continue
    const stats = lstatSync(join(pool, poolKey(digest)), { throwIfNoEntry: false })
    if (stats) sizes.set(digest, stats.blocks * BLOCK)
  }
  return sizes
}
