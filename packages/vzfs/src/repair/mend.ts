/**
 * Puts right what needs no bytes from elsewhere: owners, modes, attributes, stubs, names. In place where it can be, so that names of one file stay one file,
 * and roots that are mounted see it.
 */

import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { FileCalls, Quota } from '@insula/kernel'
import { SHARED_FROM_BYTES } from '../build/shared-from.ts'
import { type Entry, entryPath } from '../build/entry.ts'
import { hashFile } from '../build/hash.ts'
import { applyMetadata } from '../build/metadata.ts'
import { kindOf, scan } from '../build/scan.ts'
import { METACOPY, REDIRECT } from '../build/stub.ts'
import { readAreaInfo } from '../area-file.ts'
import { toJson } from '../json-file.ts'
import { mendLinks } from '../links/mend.ts'
import { poolKey } from '../names.ts'
import { privateTrees } from '../private-trees.ts'
import { count } from '../quota/account.ts'
import { recount } from '../quota/recount.ts'
import { knownLayer, linesOf } from '../references/known-layer.ts'
import { readLines, type RecordedEntry } from '../references/layer-record.ts'
import { digestOfLines } from '../build/layer-digest.ts'
import { type VolumePaths, volumePaths } from '../volume-paths.ts'
import type { Damage } from '../reports.ts'
import type { LayerInfo } from '../vzfs.ts'

export interface MendMeans {
  readonly files: FileCalls
  readonly quota: Quota
}

export interface MendJob {
  readonly volume: string
  readonly damages: readonly Damage[]
}

/** One that cannot be put right leaves the others alone: the check that follows tells it again. */
export async function mend(means: MendMeans, { volume, damages }: MendJob): Promise<string[]> {
  const paths = volumePaths(volume)
  const problems: string[] = []
  const done = new Set<string>()
  // Directories before what is in them.
  for (const damage of damages.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    if (!damage.repairable) continue
    // All of its links at once.
    const links = damage.links === undefined ? null : `${damage.area} ${damage.links}`
    if (links !== null && done.has(links)) continue
    if (links !== null) done.add(links)
    try {
      await mendOne(means, paths, damage)
    } catch (error) {
      problems.push(`${damage.path}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return problems
}

async function mendOne({ files, quota }: MendMeans, paths: VolumePaths, damage: Damage): Promise<void> {
  const { kind, path, layer, area, links } = damage
  if (area !== undefined && links !== undefined) {
    // Whoever has no bytes of it needs no link to it either.
    if (kind !== 'contents') await mendLinksOf({ files, quota }, paths, area, links)
    return
  }
  switch (kind) {
    case 'pool-file':
      lchownSync(path, 0, 0)
      return chmodSync(path, damage.digest === undefined ? 0o700 : 0o444)
    case 'pool-linked':
      return copyOfItsOwn(paths, damage)
    case 'pool-stray':
    case 'leftover':
      return putAway(paths, Buffer.from(path))
    case 'owner':
      return mendOwner(paths, path, area)
    case 'account':
      return area === undefined ? undefined : countAnew(quota, paths, area)
    case 'area-file':
      return area === undefined ? undefined : makeWork(quota, paths, area)
    case 'layer-file':
      return layer === undefined ? undefined : describeAnew(files, paths, layer)
    case 'stub':
    case 'metadata':
    case 'entry':
    case 'extra':
      return layer === undefined || damage.entry === undefined ? undefined : mendEntry(files, paths, layer, damage.entry)
    // Bytes are needed, or the check has done it itself, or nobody can.
    case 'contents':
    case 'small-file':
    case 'record':
    case 'layer-digest':
  }
}

/** Into the directory that is swept when the volume is opened next. */
function putAway(paths: VolumePaths, path: Buffer): void {
  renameSync(path, join(paths.tmp, `wrong.${randomBytes(8).toString('hex')}`))
}

function copyOfItsOwn({ tmp }: VolumePaths, { path, digest }: Damage): void {
  const staged = join(tmp, `copy.${randomBytes(8).toString('hex')}`)
  copyFileSync(path, staged, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  if (hashFile(Buffer.from(staged)).toString('hex') !== digest) return rmSync(staged)
  chmodSync(staged, 0o444)
  renameSync(staged, path)
}

async function mendOwner(paths: VolumePaths, path: string, area: number | undefined): Promise<void> {
  const upper = area === undefined ? null : paths.area(area).upper
  if (area !== undefined && path === upper) {
    const base = (await readAreaInfo(paths.area(area).info, area))?.base
    if (base !== undefined) lchownSync(path, base, base)
    return
  }
  lchownSync(path, 0, 0)
  chmodSync(path, lstatSync(path).isDirectory() ? 0o700 : 0o600)
}

async function mendLinksOf(means: MendMeans, paths: VolumePaths, id: number, links: string): Promise<void> {
  const { directory, info } = paths.area(id)
  const area = await readAreaInfo(info, id)
  if (area !== null) mendLinks(means, join(directory, links), area.base)
}

/** Nothing of anybody's lies in it. */
async function makeWork(quota: Quota, paths: VolumePaths, id: number): Promise<void> {
  const { info, work } = paths.area(id)
  const area = await readAreaInfo(info, id)
  if (area === null) return
  mkdirSync(work, { mode: 0o700 })
  count(quota, work, area.base)
}

/** Of a mounted area too, while its owner writes. */
async function countAnew(quota: Quota, paths: VolumePaths, id: number): Promise<void> {
  const area = paths.area(id)
  const info = await readAreaInfo(area.info, id)
  if (info !== null) await recount(quota, await privateTrees(area), info.base)
}

/** layer.json can be written anew when tree and record, each by itself, say the same. */
async function describeAnew(files: FileCalls, paths: VolumePaths, name: string): Promise<void> {
  const { directory, tree, info, record } = paths.layer(name)
  lchownSync(directory, 0, 0)
  chmodSync(directory, 0o700)
  const lines = readLines(record)
  const digest = digestOfLines(linesOf(files, tree))
  if (lines === null || digestOfLines(lines) !== digest) return
  const regular = new Map(
    scan(files, Buffer.from(tree)).flatMap((entry) => (entry.kind === 'file' ? [[entry.inode, entry] as const] : [])),
  )
  const all = [...regular.values()]
  const layer: LayerInfo = {
    name,
    files: all.length,
    sharedFiles: all.filter(({ stub }) => stub !== null).length,
    bytes: all.reduce((sum, { size }) => sum + size, 0),
    // Nobody knows any more.
    newPoolBytes: 0,
    builtAt: lstatSync(record).mtime.toISOString(),
    digest,
  }
  const staged = join(paths.tmp, `layer.json.${randomBytes(8).toString('hex')}`)
  writeFileSync(staged, toJson(layer), { mode: 0o600, flush: true })
  renameSync(staged, info)
}

async function mendEntry(files: FileCalls, paths: VolumePaths, layer: string, path: string): Promise<void> {
  const { directory, tree } = paths.layer(layer)
  const known = await knownLayer(files, directory, layer)
  if (known === null) return
  const root = Buffer.from(tree)
  const at = entryPath(root, path)
  const was = known.entries.find((entry) => entry.path === path)
  if (was === undefined) return putAway(paths, at)
  const there = lookAt(at)
  if ((there === undefined || !isOne(there, at, was)) && !make(files, paths, root, was)) return
  if (was.first !== path) {
    const first = entryPath(root, was.first)
    if (lstatSync(first).ino !== lstatSync(at).ino) {
      const staged = join(paths.tmp, `name.${randomBytes(8).toString('hex')}`)
      linkSync(first, staged)
      renameSync(staged, at)
    }
  }
  if (was.kind === 'file' && was.digest !== null && isStub(files, at, was)) showContents(files, at, was.size, was.digest)
  restore(files, at, was)
}

const lookAt = (path: Buffer): Stats | undefined => lstatSync(path, { throwIfNoEntry: false })

/** What cannot be changed about a thing that is there. */
function isOne(there: Stats, at: Buffer, { kind, target, device }: RecordedEntry): boolean {
  if (kindOf(there) !== kind) return false
  if (kind === 'symlink') return readlinkSync(at, { encoding: 'buffer' }).toString('latin1') === target
  return (kind !== 'character' && kind !== 'block') || there.rdev === device
}

/** False when bytes are needed for it that are not here. */
function make(files: FileCalls, paths: VolumePaths, root: Buffer, was: RecordedEntry): boolean {
  const at = entryPath(root, was.path)
  if (was.kind === 'file' && was.first === was.path && was.size < SHARED_FROM_BYTES && was.size > 0) return false
  if (lookAt(at) !== undefined) putAway(paths, at)
  if (was.kind === 'directory') mkdirSync(at)
  else if (was.kind === 'symlink') symlinkSync(Buffer.from(was.target, 'latin1'), at)
  else if (was.kind === 'file') {
    if (was.first === was.path) closeSync(openSync(at, 'wx', 0o600))
    else linkSync(entryPath(root, was.first), at)
  } else files.makeNode(at, FORMATS[was.kind] | 0o600, was.device)
  return true
}

const FORMATS = { fifo: 0o010000, socket: 0o140000, block: 0o060000, character: 0o020000 } as const

/** A smaller file is one when it is marked as one. */
const isStub = (files: FileCalls, at: Buffer, { size }: RecordedEntry): boolean =>
  size >= SHARED_FROM_BYTES || files.getXattr(at, METACOPY) !== null || files.getXattr(at, REDIRECT) !== null

/** Without bytes of its own, of the right length, naming the right contents. */
function showContents(files: FileCalls, at: Buffer, size: number, digest: string): void {
  const fd = openSync(at, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    ftruncateSync(fd, 0)
    ftruncateSync(fd, size)
  } finally {
    closeSync(fd)
  }
  files.setXattr(at, METACOPY, Buffer.alloc(0))
  files.setXattr(at, REDIRECT, Buffer.from(poolKey(digest)))
}

/** Owner, mode, attributes and times, and no attributes that it had not. */
export function restore(files: FileCalls, at: Buffer, was: RecordedEntry): void {
  const kept = new Set([...was.xattrs.map(([name]) => name), METACOPY, REDIRECT])
  for (const name of files.listXattrs(at))
    if (!kept.has(name) && !name.startsWith('security.selinux') && !name.startsWith('trusted.SGI_ACL_'))
      files.removeXattr(at, name)
  if (was.kind === 'symlink') {
    lchownSync(at, was.uid, was.gid)
    for (const [name, value] of was.xattrs) files.setXattr(at, name, Buffer.from(value, 'latin1'))
    return files.setTimes(at, was.mtime, was.mtime)
  }
  const entry: Entry = { ...was, atime: was.mtime, inode: 0n, links: 1, stub: null }
  applyMetadata(files, at, entry)
}
