/** Moves the contents of a file into the pool and leaves a stub under each of its names. */

import { chmodSync, lchownSync, linkSync, mkdirSync, unlinkSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { errnoOf, VzfsError } from '../errors.ts'
import { poolKey } from '../names.ts'
import { entryPath } from './entry.ts'
import type { RegularFile } from './inodes.ts'
import { sameContents } from './same-contents.ts'
import { makeStub } from './stub.ts'

/** @returns true when the pool did not have these contents yet */
export function place(files: FileCalls, root: Buffer, pool: Buffer, file: RegularFile, digest: string): boolean {
  const first = entryPath(root, file.entry.path)
  const added = intoPool(files, first, pool, digest)
  makeStub(files, first, file.entry, digest)
  for (const name of file.names.slice(1)) {
    unlinkSync(entryPath(root, name))
    linkSync(first, entryPath(root, name))
  }
  return added
}

/**
 * Contents in the pool belong to nobody and carry nothing of the file they came from: its owner, mode and attributes are the stub's.
 * They are stripped before the name in the pool appears.
 */
function intoPool(files: FileCalls, path: Buffer, pool: Buffer, digest: string): boolean {
  const kept = Buffer.concat([pool, Buffer.from(poolKey(digest))])
  lchownSync(path, 0, 0)
  for (const name of files.listXattrs(path)) if (REMOVABLE.test(name)) files.removeXattr(path, name)
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

function renameIntoPool(files: FileCalls, path: Buffer, kept: Buffer): boolean {
  try {
    return files.renameNew(path, kept)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
  mkdirIfAbsent(kept.subarray(0, kept.lastIndexOf('/')))
  return files.renameNew(path, kept)
}

/** Two builds may make the same directory of the pool at once. */
function mkdirIfAbsent(path: Buffer): void {
  try {
    mkdirSync(path, 0o700)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}
