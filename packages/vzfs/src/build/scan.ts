/** Reads a tree: every object with all its metadata, in the order of its path's bytes. */

import { type BigIntStats, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { errnoOf, VzfsError } from '../errors.ts'
import { digestOfKey } from '../names.ts'
import { type Entry, type EntryKind, entryPath, readablePath } from './entry.ts'
import { METACOPY, REDIRECT } from './stub.ts'

/** @param stubOf which contents a file shows; the standard one refuses what cannot become part of a layer */
export function scan(files: FileCalls, root: Buffer, stubOf: StubOf = readStub): Entry[] {
  const entries: Entry[] = []
  const device = lstatSync(root, { bigint: true }).dev
  const pending = ['']
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const stats = lstatSync(entryPath(root, path), { bigint: true })
    if (stats.dev !== device) {
      throw new VzfsError(
        'unsuitable',
        `cannot make a layer of this tree: something is mounted at ${readablePath(path)}; unmount it first`,
      )
    }
    const entry = withStub(readEntry(files, root, path, stats), stubOf)
    if (stubOf === readStub) requireOwnPlace(entry)
    entries.push(entry)
    if (entry.kind !== 'directory') continue
    const prefix = path === '' ? '' : `${path}/`
    for (const name of readdirSync(entryPath(root, path), { encoding: 'buffer' })) pending.push(prefix + name.toString('latin1'))
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1))
}

type StubOf = (path: string, xattrs: ReadonlyMap<string, string>) => string | null

/** Its marks are among its attributes. */
export function readEntry(files: FileCalls, root: Buffer, path: string, stats: BigIntStats): Entry {
  const bytes = entryPath(root, path)
  const kind = kindOf(stats)
  const names = namesOf(files, bytes, path).filter((name) => !name.startsWith(XFS_ACL))
  const xattrs = names.map((name) => [name, files.getXattr(bytes, name)?.toString('latin1') ?? ''] as const)
  return {
    path,
    kind,
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    size: kind === 'file' || kind === 'symlink' ? Number(stats.size) : 0,
    atime: stats.atimeNs,
    mtime: stats.mtimeNs,
    inode: stats.ino,
    links: kind === 'directory' ? 1 : Number(stats.nlink),
    device: kind === 'block' || kind === 'character' ? Number(stats.rdev) : 0,
    target: kind === 'symlink' ? readlinkSync(bytes, { encoding: 'buffer' }).toString('latin1') : '',
    xattrs,
    stub: null,
  }
}

function namesOf(files: FileCalls, bytes: Buffer, path: string): string[] {
  try {
    return files.listXattrs(bytes)
  } catch (error) {
    if (errnoOf(error) !== 'E2BIG') throw error
    const why = 'has more names of attributes than the kernel lists here (64 KiB); remove some of them'
    throw new VzfsError('unsuitable', `/${readablePath(path)} ${why}`, { cause: error })
  }
}

function withStub(entry: Entry, stubOf: StubOf): Entry {
  const { path, kind, xattrs } = entry
  const stub = kind === 'file' ? stubOf(path, new Map(xattrs)) : null
  return stub === null ? entry : { ...entry, stub, xattrs: xattrs.filter(([name]) => name !== METACOPY && name !== REDIRECT) }
}

/** Marks of overlayfs that make something be found by another path, or hide it, as only private trees have them. */
function requireOwnPlace({ path, kind, xattrs }: Entry): void {
  const marks = new Map(xattrs)
  if (kind === 'directory' ? !marks.has(REDIRECT) && (marks.get(OPAQUE) ?? 'y') === 'y' : !marks.has(WHITEOUT)) return
  throw new VzfsError(
    'unsuitable',
    `/${readablePath(path)} has a mark of overlayfs that a layer cannot have: the directory is shown from elsewhere, or it hides what is below it in another way than a whiteout or an opaque directory`,
  )
}

const OPAQUE = 'trusted.overlay.opaque'
const WHITEOUT = 'trusted.overlay.whiteout'

/** XFS shows each access list twice; the other name is system.posix_acl_*, which every file system has. */
const XFS_ACL = 'trusted.SGI_ACL_'

/** As a check needs it: what is not a sound stub is none, and keeps what marks it. */
export const soundStub: StubOf = (_path, xattrs) => (xattrs.has(METACOPY) ? digestOfKey(xattrs.get(REDIRECT) ?? '') : null)

function readStub(path: string, xattrs: ReadonlyMap<string, string>): string | null {
  if (!xattrs.has(METACOPY)) return null
  const digest = digestOfKey(xattrs.get(REDIRECT) ?? '')
  if (digest !== null) return digest
  throw new VzfsError(
    'unsuitable',
    `${readablePath(path)} is a metadata copy whose contents lie in some other layer; only stubs that name contents of the pool can become part of a layer`,
  )
}

export function kindOf(stats: Pick<BigIntStats, Exclude<Extract<keyof BigIntStats, `is${string}`>, undefined>>): EntryKind {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  if (stats.isSymbolicLink()) return 'symlink'
  if (stats.isFIFO()) return 'fifo'
  if (stats.isSocket()) return 'socket'
  return stats.isBlockDevice() ? 'block' : 'character'
}
