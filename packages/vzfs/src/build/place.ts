/** Moves the contents of a file into the pool and leaves a stub under each of its names. */

import { chmodSync, lchownSync, linkSync, mkdirSync, unlinkSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { errnoOf, VzfsError } from '../errors.ts'
import { poolKey } from '../names.ts'
import { type Shared, sharedCursor } from './crew.ts'
import { type Entry, entryPath } from './entry.ts'
import type { RegularFile } from './inodes.ts'
import { sameContents } from './same-contents.ts'
import { makeStub } from './stub.ts'

export interface Placement extends RegularFile {
  readonly digest: string
}

/** Many files at once, for a crew. */
export interface PlaceTask extends Shared {
  readonly kind: 'place'
  readonly count: number
  /** Trees and pool, absolute. */
  readonly root: string
  readonly pool: string
  readonly files: readonly Placement[]
  /** 1 for each file whose contents the pool did not have yet. */
  readonly added: Uint8Array<SharedArrayBuffer>
}

export function placeTask(root: string, pool: string, files: readonly Placement[]): PlaceTask {
  const added = new Uint8Array(new SharedArrayBuffer(files.length))
  return { kind: 'place', count: files.length, root, pool, files, added, ...sharedCursor() }
}

export function placeOne(files: FileCalls, task: PlaceTask, index: number): void {
  const file = task.files[index]
  if (file === undefined) return
  const root = Buffer.from(task.root)
  const first = entryPath(root, file.entry.path)
  if (intoPool(files, first, file.entry, Buffer.from(task.pool + poolKey(file.digest)))) task.added[index] = 1
  makeStub(files, first, file.entry, file.digest)
  for (const name of file.names.slice(1)) {
    unlinkSync(entryPath(root, name))
    linkSync(first, entryPath(root, name))
  }
}

/**
 * Contents in the pool belong to nobody and carry nothing of the file they came from: its owner, mode and attributes are the stub's.
 * They are stripped before the name in the pool appears.
 */
function intoPool(files: FileCalls, path: Buffer, entry: Entry, kept: Buffer): boolean {
  if (entry.uid !== 0 || entry.gid !== 0) lchownSync(path, 0, 0)
  for (const [name] of entry.xattrs) if (REMOVABLE.test(name)) removeIfPresent(files, path, name)
  chmodSync(path, 0o444)
  if (renameIntoPool(files, path, kept)) return true
  if (!sameContents(path, kept)) {
    throw new VzfsError(
      'damaged',
      `${kept.toString()} does not hold what its name says; restore it from a copy, or remove it and build again`,
    )
  }
  unlinkSync(path)
  return false
}

/** Attributes that a security module puts on every file (security.selinux) cannot be taken away and stay. */
const REMOVABLE = /^(user|trusted|system|security\.capability)/

/** chown has taken file capabilities away already. */
function removeIfPresent(files: FileCalls, path: Buffer, name: string): void {
  if (files.getXattr(path, name) !== null) files.removeXattr(path, name)
}

/** False when the pool has it already. */
export function renameIntoPool(files: FileCalls, path: Buffer, kept: Buffer): boolean {
  try {
    return files.renameNew(path, kept)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
  mkdirIfAbsent(kept.subarray(0, kept.lastIndexOf('/')))
  return files.renameNew(path, kept)
}

/** Others may make the same directory of the pool at this moment. */
function mkdirIfAbsent(path: Buffer): void {
  try {
    mkdirSync(path, 0o700)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}
