/**
 * Brings what stubs name from the pool of one volume into that of another. What is copied is read again from the copy and has to have the digest that is its
 * name, so damage does not spread.
 *
 * INVARIANT: a name in the pool appears only after its bytes are on disk (one syncfs for all of them).
 */

import { chmodSync, closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import { hashFile } from '../build/hash.ts'
import { renameIntoPool } from '../build/place.ts'
import { copyContents } from '../copy/object.ts'
import { errnoOf, VzfsError } from '../errors.ts'
import { poolKey } from '../names.ts'
import { stubsBelow } from '../references/stubs-below.ts'
import { syncFileSystem } from '../sync-file-system.ts'

export interface BringJob {
  /** Pools. */
  readonly from: string
  readonly to: string
  /** On the volume of `to`: whose stubs are looked at. */
  readonly trees: readonly string[]
  /** There too, and does not exist yet. */
  readonly scratch: string
}

export interface Brought {
  /** That the pool did not have. */
  readonly files: number
  readonly bytes: number
}

/** @param progress bytes @throws VzfsError damaged when contents are missing in `from`, or are not what their name says */
export async function bring(
  files: FileCalls,
  { from, to, trees, scratch }: BringJob,
  progress: (done: number, total: number) => void,
): Promise<Brought> {
  const lacking = new Map<string, number>()
  for (const tree of trees)
    await stubsBelow(files, tree, (digest, size) => {
      if (!has(to, digest, size)) lacking.set(digest, size)
    })
  const total = [...lacking.values()].reduce((sum, size) => sum + size, 0)
  mkdirSync(scratch, { mode: 0o700 })
  let bytes = 0
  for (const [digest, size] of lacking) {
    copyOne(files, join(from, poolKey(digest)), join(scratch, digest), digest)
    progress((bytes += size), total)
  }
  syncFileSystem(files, to)
  for (const digest of lacking.keys()) {
    const staged = join(scratch, digest)
    // Somebody else was quicker.
    if (!renameIntoPool(files, Buffer.from(staged), Buffer.from(to + poolKey(digest)))) rmSync(staged)
  }
  rmSync(scratch, { recursive: true })
  return { files: lacking.size, bytes }
}

function has(pool: string, digest: string, size: number): boolean {
  const path = pool + poolKey(digest)
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return false
  if (found.size === size) return true
  throw new VzfsError('damaged', `${path} has ${found.size} bytes and should have ${size}; repair this volume first`)
}

function copyOne(files: FileCalls, from: string, to: string, digest: string): void {
  const source = openContents(from)
  try {
    const target = openSync(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    try {
      if (!fstatSync(source).isFile()) throw notWhatItSays(from)
      copyContents(files, source, target)
    } finally {
      closeSync(target)
    }
  } finally {
    closeSync(source)
  }
  if (hashFile(Buffer.from(to)).toString('hex') !== digest) throw notWhatItSays(from)
  chmodSync(to, 0o444)
}

function openContents(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    throw new VzfsError('damaged', `${path} is missing, and something names it; repair its volume first`, { cause: error })
  }
}

const notWhatItSays = (path: string): VzfsError =>
  new VzfsError('damaged', `${path} does not hold what its name says; repair its volume first`)
