/** Copies one object that is no directory, with everything that a file system keeps of it. In whichever thread of a crew. */

import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  lchownSync,
  openSync,
  readlinkSync,
  readSync,
  symlinkSync,
  writeSync,
  chmodSync,
  type BigIntStats,
} from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { type Shared, sharedCursor } from '../build/crew.ts'
import { type IdShift, shiftId, shiftXattr } from './shift.ts'

/** Plain values, to be handed to threads. Paths lead through open directories, as latin1. */
export interface CopiedObject {
  readonly from: string
  /** Where nothing lies yet. */
  readonly to: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly device: number
  readonly atime: bigint
  readonly mtime: bigint
}

export interface CopyHow {
  readonly shift: IdShift | null
  /** The file system can share blocks between files. */
  readonly reflink: boolean
}

/** Many objects at once, for a crew. */
export interface ObjectTask extends Shared {
  readonly kind: 'object'
  readonly count: number
  readonly objects: readonly CopiedObject[]
  readonly how: CopyHow
}

export const objectTask = (objects: readonly CopiedObject[], how: CopyHow): ObjectTask => ({
  kind: 'object',
  count: objects.length,
  objects,
  how,
  ...sharedCursor(),
})

export function copyNth(files: FileCalls, task: ObjectTask, index: number): void {
  const object = task.objects[index]
  if (object !== undefined) copyObject(files, object, task.how)
}

export function copiedObject(from: string, to: string, stats: BigIntStats): CopiedObject {
  return {
    from,
    to,
    mode: Number(stats.mode),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    device: Number(stats.rdev),
    atime: stats.atimeNs,
    mtime: stats.mtimeNs,
  }
}

/** Sync, noatime, nodump. Immutable and append-only are the host root's doing, and a copy that has them could not be deleted. */
const FLAGS_KEPT = 0x20 | 0x40 | 0x80

function copyObject(files: FileCalls, object: CopiedObject, how: CopyHow): void {
  const [from, to] = [latin(object.from), latin(object.to)]
  switch (object.mode & constants.S_IFMT) {
    case constants.S_IFREG:
      return copyFile(files, from, to, object, how)
    case constants.S_IFLNK:
      symlinkSync(readlinkSync(from, { encoding: 'buffer' }), to)
      lchownSync(to, ...owner(object, how))
      break
    default:
      files.makeNode(to, (object.mode & constants.S_IFMT) | 0o600, object.device)
      lchownSync(to, ...owner(object, how))
      chmodSync(to, object.mode & 0o7777)
  }
  copyXattrs(files, from, to, how, files.listXattrs(from))
  files.setTimes(to, object.atime, object.mtime)
}

/** The order is that of `applyMetadata`, for the same reasons. */
function copyFile(files: FileCalls, from: Buffer, to: Buffer, object: CopiedObject, how: CopyHow): void {
  const source = openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOATIME)
  try {
    const target = openSync(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
    try {
      if (how.reflink) files.cloneContents(source, target)
      else copyContents(files, source, target)
      finish(files, source, from, target, to, object, how)
    } finally {
      closeSync(target)
    }
  } finally {
    closeSync(source)
  }
}

/** Owner, mode, attributes, times and flags of a file or directory whose contents are there. */
export function finish(
  files: FileCalls,
  source: number,
  from: Buffer,
  target: number,
  to: Buffer,
  object: CopiedObject,
  how: CopyHow,
): void {
  const names = files.listXattrs(from)
  // While it is the host root's: an owner whose limit is used up would be refused them. XFS takes the others in any case.
  copyXattrs(files, from, to, how, names.filter(isOwners))
  fchownSync(target, ...owner(object, how))
  fchmodSync(target, object.mode & 0o7777)
  copyXattrs(
    files,
    from,
    to,
    how,
    names.filter((name) => !isOwners(name)),
  )
  files.setTimes(to, object.atime, object.mtime)
  const flags = files.inodeFlags(source) & FLAGS_KEPT
  if (flags !== 0) files.addInodeFlags(target, flags)
}

function owner({ uid, gid }: CopiedObject, { shift }: CopyHow): [number, number] {
  return [shiftId(shift, uid), shiftId(shift, gid)]
}

const isOwners = (name: string): boolean => name.startsWith('user.')

function copyXattrs(files: FileCalls, from: Buffer, to: Buffer, { shift }: CopyHow, names: readonly string[]): void {
  for (const name of names) {
    const value = name.startsWith(XFS_ACL) ? null : files.getXattr(from, name)
    if (value !== null) files.setXattr(to, name, shiftXattr(shift, name, value))
  }
}

/** XFS shows each access list twice; the other name is system.posix_acl_*, which every file system has. */
const XFS_ACL = 'trusted.SGI_ACL_'

/** What is a hole stays one. */
export function copyContents(files: FileCalls, source: number, target: number): void {
  const { size } = fstatSync(source)
  ftruncateSync(target, size)
  for (let start = files.nextData(source, 0); start !== null && start < size;) {
    const end = Math.min(files.nextHole(source, start), size)
    copyBytes(source, target, start, end)
    start = files.nextData(source, end)
  }
}

function copyBytes(source: number, target: number, start: number, end: number): void {
  for (let at = start; at < end;) {
    const count = readSync(source, chunk, 0, Math.min(chunk.length, end - at), at)
    if (count === 0) return
    for (let done = 0; done < count;) done += writeSync(target, chunk, done, count - done, at + done)
    at += count
  }
}

/** Working space of this thread; holds nothing between calls, which are synchronous. */
const chunk = Buffer.allocUnsafeSlow(1 << 20)

export const latin = (path: string): Buffer => Buffer.from(path, 'latin1')
