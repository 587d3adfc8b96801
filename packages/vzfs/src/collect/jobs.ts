/** The two halves of a collection, each in a thread of its own. */

import { lstatSync, readdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import { errnoOf } from '../errors.ts'
import { poolKey } from '../names.ts'
import { mark, type Marks } from '../references/mark.ts'
import { poolFiles } from '../references/pool-files.ts'
import type { Progress } from '../thread.ts'
import { type VolumePaths, volumePaths } from '../volume-paths.ts'

export type CollectJob = FindJob | SweepJob

interface FindJob {
  readonly phase: 'find'
  readonly volume: string
}
interface SweepJob {
  readonly phase: 'sweep'
  readonly volume: string
  /** Digests that nobody named when they were looked for. */
  readonly unnamed: readonly string[]
  readonly spare: readonly string[]
  readonly marks: Marks
}

export interface Found {
  /** Digests of contents in the pool. */
  readonly unnamed: readonly string[]
  /** Names in the quarantine that are not needed. */
  readonly spare: readonly string[]
  /** On disk. */
  readonly bytes: number
  readonly marks: Marks
}

export interface Swept {
  readonly files: number
  readonly bytes: number
}

const BLOCK = 512

export async function find(files: FileCalls, { volume }: FindJob, progress: Progress): Promise<Found> {
  const paths = volumePaths(volume)
  const { named, marks } = await mark(files, paths, {}, progress)
  const unnamed: string[] = []
  let bytes = 0
  const take = (path: string, digest: string): void => {
    const size = bytesOf(path)
    if (size === null) return
    unnamed.push(digest)
    bytes += size
  }
  for (const { path, digest } of poolFiles(paths.pool)) if (digest !== null && !named.has(digest)) take(path, digest)
  const spare: string[] = []
  for (const name of readdirSync(paths.quarantine)) {
    const size = bytesOf(join(paths.quarantine, name))
    if (size === null || needed(paths, named, name)) continue
    spare.push(name)
    bytes += size
  }
  return { unnamed, spare, bytes, marks }
}

/** With the gate closed: nothing begins to be named now. */
export async function sweep(files: FileCalls, { volume, unnamed, spare, marks }: SweepJob): Promise<Swept> {
  const paths = volumePaths(volume)
  const { named } = await mark(files, paths, marks)
  let [count, bytes] = [0, 0]
  const remove = (path: string): void => {
    const size = bytesOf(path)
    if (size === null) return
    unlinkSync(path)
    count += 1
    bytes += size
  }
  for (const digest of unnamed) if (!named.has(digest)) remove(join(paths.pool, poolKey(digest)))
  // What has begun to be named needs them only if there are no others, as before.
  for (const name of spare) if (!needed(paths, named, name)) remove(join(paths.quarantine, name))
  tidy(paths)
  return { files: count, bytes }
}

const DIGEST = /^[0-9a-f]{64}$/

/** Damaged contents are kept for as long as something names them and there are no others in the pool. */
function needed({ pool }: VolumePaths, named: ReadonlySet<string>, digest: string): boolean {
  if (!DIGEST.test(digest) || !named.has(digest)) return false
  return lstatSync(join(pool, poolKey(digest)), { throwIfNoEntry: false })?.isFile() !== true
}

/** What is no contents is nobody's, because nobody is at work in the pool now. Directories of contents are made again when they are needed. */
function tidy(paths: VolumePaths): void {
  for (const { path, digest } of poolFiles(paths.pool)) {
    if (digest === null) renameSync(path, join(paths.tmp, `pool.${randomBytes(8).toString('hex')}`))
  }
  for (const prefix of readdirSync(paths.pool)) {
    try {
      rmdirSync(join(paths.pool, prefix))
    } catch (error) {
      if (errnoOf(error) !== 'ENOTEMPTY') throw error
    }
  }
}

/** On disk; null when there is nothing of that name. */
function bytesOf(path: string): number | null {
  try {
    return lstatSync(path).blocks * BLOCK
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}
