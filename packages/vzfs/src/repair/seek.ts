/**
 * Looks for bytes that are missing, by their length and SHA-256, in trees that may have them: private files of areas, other layers, a tree built anew, a
 * directory that the administrator names. What tenants own may change while it is read: a copy is made, and the copy is believed if its digest fits.
 */

import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import { diskUse } from '../disk-use.ts'
import { errnoOf, saysFull } from '../errors.ts'
import { poolKey } from '../names.ts'
import { volumePaths } from '../volume-paths.ts'

export interface Wanted {
  readonly digest: string
  readonly size: number
}

export interface SeekJob {
  readonly volume: string
  readonly wanted: readonly Wanted[]
  /** Directories. */
  readonly places: readonly string[]
  /** Pools of other volumes: there they have the same name. */
  readonly pools: readonly string[]
}

/** @returns digests that were found, each now a file `tmp/found.DIGEST`; none of them when there is no room for all */
export async function seek(files: FileCalls, job: SeekJob): Promise<string[]> {
  const found: string[] = []
  try {
    await seekInto(files, job, found)
  } catch (error) {
    const { tmp } = volumePaths(job.volume)
    for (const digest of found) rmSync(foundPath(tmp, digest), { force: true })
    throw error
  }
  return found
}

async function seekInto(files: FileCalls, { volume, wanted, places, pools }: SeekJob, found: string[]): Promise<void> {
  const paths = volumePaths(volume)
  const missing = new Map(wanted.map(({ digest, size }) => [digest, size] as const))
  for (const pool of pools)
    for (const { digest, size } of wanted) {
      if (!missing.has(digest) || takeIf(paths.tmp, Buffer.from(join(pool, poolKey(digest))), size, [digest]) === null) continue
      missing.delete(digest)
      found.push(digest)
    }
  for (const place of places) {
    const walked = diskUse(place, (path, stats) => {
      if (!stats.isFile() || missing.size === 0) return
      const size = Number(stats.size)
      const digests = [...missing].filter(([, length]) => length === size).map(([digest]) => digest)
      if (digests.length === 0) return
      const digest = takeIf(paths.tmp, path, size, digests)
      if (digest === null) return
      missing.delete(digest)
      found.push(digest)
    })
    // What a tenant does in one place must not keep the others from being looked at.
    await walked.catch((error: unknown) => {
      if (saysFull(error)) throw error
    })
  }
}

export const foundPath = (tmp: string, digest: string): string => join(tmp, `found.${digest}`)

/** The digest, when it is one of these. */
function takeIf(tmp: string, path: Buffer, size: number, digests: readonly string[]): string | null {
  let from: number
  try {
    from = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENXIO', 'EACCES'].includes(errnoOf(error) ?? '')) return null
    throw error
  }
  try {
    if (!fstatSync(from).isFile() || !digests.includes(digestOf(from, size, null) ?? '')) return null
    const staged = join(tmp, `seek.${randomBytes(8).toString('hex')}`)
    const to = openSync(staged, 'wx', 0o600)
    try {
      const digest = digestOf(from, size, to)
      if (digest === null || !digests.includes(digest)) {
        rmSync(staged)
        return null
      }
      fsyncSync(to)
      renameSync(staged, foundPath(tmp, digest))
      return digest
    } catch (error) {
      rmSync(staged, { force: true })
      throw error
    } finally {
      closeSync(to)
    }
  } finally {
    closeSync(from)
  }
}

/** Of its first `size` bytes, which are copied to `to`. null when it cannot be read, or has another length by now. */
function digestOf(from: number, size: number, to: number | null): string | null {
  const state = createHash('sha256')
  try {
    for (let at = 0; ;) {
      const count = readSync(from, chunk, 0, chunk.length, at)
      if (count === 0) return at === size ? state.digest('hex') : null
      const part = chunk.subarray(0, count)
      state.update(part)
      if (to !== null) for (let done = 0; done < count;) done += writeSync(to, part, done)
      at += count
      if (at > size) return null
    }
  } catch (error) {
    if (errnoOf(error) === 'EIO') return null
    throw error
  }
}

/** Working space of this thread; holds nothing between calls. */
const chunk = Buffer.allocUnsafeSlow(1 << 20)

/** A found file becomes contents of the pool. What was there is not what its name says. */
export function intoPool(volume: string, digest: string): void {
  const { pool, tmp } = volumePaths(volume)
  const path = join(pool, poolKey(digest))
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  chmodSync(foundPath(tmp, digest), 0o444)
  renameSync(foundPath(tmp, digest), path)
  for (const directory of [dirname(path), pool]) {
    const fd = openSync(directory, 'r')
    fsyncSync(fd)
    closeSync(fd)
  }
}
