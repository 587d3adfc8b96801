/** Puts contents of private files into the pool and makes the links to them, many at once, for a crew. */

import { chmodSync, closeSync, constants, copyFileSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { type Shared, sharedCursor } from '../build/crew.ts'
import { type Entry, entryPath } from '../build/entry.ts'
import { sameContents } from '../build/same-contents.ts'
import { makeStub } from '../build/stub.ts'
import { errnoOf } from '../errors.ts'
import { poolKey } from '../names.ts'

/** Copies files to where nobody looks yet, to be renamed into the pool when they are on disk. */
export interface CopyTask extends Shared {
  readonly kind: 'copy'
  readonly count: number
  /** Absolute, latin1. */
  readonly from: readonly string[]
  readonly to: readonly string[]
}

export function copyTask(from: readonly string[], to: readonly string[]): CopyTask {
  return { kind: 'copy', count: from.length, from, to, ...sharedCursor() }
}

export function copyOne(task: CopyTask, index: number): void {
  const from = Buffer.from(task.from[index] ?? '', 'latin1')
  const to = Buffer.from(task.to[index] ?? '', 'latin1')
  if (!cloned(from, to)) copySparse(from, to)
  chmodSync(to, 0o444)
}

/** One copy on disk, where the file system can do that. */
function cloned(from: Buffer, to: Buffer): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
    return true
  } catch (error) {
    if (['EOPNOTSUPP', 'ENOTSUP', 'ENOTTY', 'EXDEV', 'EINVAL', 'ENOSYS'].includes(errnoOf(error) ?? '')) return false
    throw error
  }
}

const CHUNK = 1 << 18
const BLOCK = 4096

/** What is all zeros is left out. */
export function copySparse(from: Buffer, to: Buffer): void {
  const source = openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NOATIME)
  try {
    const target = openSync(to, 'w', 0o600)
    try {
      let end = 0
      for (let count = readSync(source, chunk); count > 0; count = readSync(source, chunk)) {
        for (let start = 0; start < count; start += BLOCK) {
          const block = chunk.subarray(start, Math.min(start + BLOCK, count))
          if (!block.equals(ZEROS.subarray(0, block.length))) writeFully(target, block, end + start)
        }
        end += count
      }
      ftruncateSync(target, end)
    } finally {
      closeSync(target)
    }
  } finally {
    closeSync(source)
  }
}

function writeFully(fd: number, bytes: Buffer, at: number): void {
  for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written, bytes.length - written, at + written)
}

const ZEROS = Buffer.alloc(BLOCK)
/** Working space of this thread; holds nothing between calls, which are synchronous. */
const chunk = Buffer.allocUnsafeSlow(CHUNK)

export interface Adoption {
  readonly entry: Entry
  readonly digest: string
}

/** Makes links to contents that the pool has. */
export interface LinkTask extends Shared {
  readonly kind: 'link'
  readonly count: number
  readonly upper: string
  readonly links: string
  readonly pool: string
  readonly files: readonly Adoption[]
  /** 1 for each file that is not what the pool has under its digest: it stays as it is. */
  readonly unlike: Uint8Array<SharedArrayBuffer>
}

export function linkTask(trees: Pick<LinkTask, 'upper' | 'links' | 'pool'>, files: readonly Adoption[]): LinkTask {
  const unlike = new Uint8Array(new SharedArrayBuffer(files.length))
  return { kind: 'link', count: files.length, ...trees, files, unlike, ...sharedCursor() }
}

export function linkOne(files: FileCalls, task: LinkTask, index: number): void {
  const file = task.files[index]
  if (file === undefined) return
  const mine = entryPath(Buffer.from(task.upper), file.entry.path)
  if (!sameContents(mine, Buffer.from(task.pool + poolKey(file.digest)))) task.unlike[index] = 1
  else makeStub(files, entryPath(Buffer.from(task.links), file.entry.path), file.entry, file.digest)
}
