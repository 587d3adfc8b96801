/**
 * Which contents of a layer are hot: learned from what is in RAM while roots of it are in use, written beside it, and read ahead before the first of them
 * starts again. A score goes from 0 to 1 and follows what is seen slowly, so that one big copy inside a VPS makes nothing hot.
 */

import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FileCalls, PageCache } from '@insula/kernel'
import { knownLayer } from '../references/known-layer.ts'
import { type VolumePaths, volumePaths } from '../volume-paths.ts'
import type { ReadAhead } from '../reports.ts'
import { residentOf, withContents } from './residency.ts'

export interface LearnJob {
  readonly volume: string
  readonly layers: readonly string[]
}

export interface ReadAheadJob extends LearnJob {
  /** At most. */
  readonly bytes: number
}

/** Of what is seen, in a new score; the rest is the old one. */
const WEIGHT = 0.3
/** Where a file comes to that was wholly in RAM at two looks. After a build all are, once. */
const HOT_FROM = 0.5
const FORGOTTEN = 0.05
const MOST = 4_000

export type Scores = Readonly<Record<string, number>>

/** @param seen the part of each that is in RAM, 0 to 1 */
export function learned(before: Scores, seen: ReadonlyMap<string, number>): Scores {
  const scores = [...seen].map(([digest, part]) => {
    const old = before[digest] ?? 0
    return [digest, Math.round((old + WEIGHT * (part - old)) * 1_000) / 1_000] as const
  })
  const kept = scores.filter(([, score]) => score >= FORGOTTEN).toSorted(([, a], [, b]) => b - a)
  return Object.fromEntries(kept.slice(0, MOST))
}

export async function learn(files: FileCalls, cache: PageCache, { volume, layers }: LearnJob): Promise<void> {
  const paths = volumePaths(volume)
  const resident = residentOf(paths, cache)
  for (const name of layers) {
    const { directory, hot } = paths.layer(name)
    const known = await knownLayer(files, directory, name)
    const seen = new Map<string, number>()
    for (const { digest } of known?.entries ?? []) {
      const found = digest === null ? null : resident(digest)
      if (digest !== null && found !== null && found.bytes > 0) seen.set(digest, Math.min(1, found.resident / found.bytes))
    }
    if (known === null || seen.size === 0) continue
    const staged = join(paths.tmp, `hot.${randomBytes(8).toString('hex')}`)
    writeFileSync(staged, JSON.stringify(learned(scoresOf(hot), seen)), { mode: 0o600 })
    renameSync(staged, hot)
  }
}

/** Hottest first. Contents that are in RAM already cost nothing, and count for nothing. */
export function readAhead(cache: PageCache, { volume, layers, bytes }: ReadAheadJob): ReadAhead {
  const paths: VolumePaths = volumePaths(volume)
  const resident = residentOf(paths, cache)
  const scores = new Map<string, number>()
  for (const name of layers)
    for (const [digest, score] of Object.entries(scoresOf(paths.layer(name).hot)))
      if (score >= HOT_FROM && DIGEST.test(digest)) scores.set(digest, Math.max(score, scores.get(digest) ?? 0))
  let [count, read] = [0, 0]
  for (const [digest] of [...scores].toSorted(([, a], [, b]) => b - a)) {
    const found = resident(digest)
    const missing = found === null ? 0 : Math.max(0, found.bytes - found.resident)
    if (missing === 0 || read + missing > bytes) continue
    withContents(paths.pool, digest, (fd, size) => cache.readAhead(fd, 0, size))
    count += 1
    read += missing
  }
  return { files: count, bytes: read }
}

const DIGEST = /^[0-9a-f]{64}$/

/** Nothing is lost with it: it is learned again. */
function scoresOf(path: string): Scores {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof value !== 'object' || value === null) return {}
    return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
  } catch {
    return {}
  }
}
