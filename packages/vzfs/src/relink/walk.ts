/**
 * Reads a private area as overlayfs would show it: upper, and beside each of its directories what the area's old links have there. Reads only,
 * and follows no symbolic link.
 */

import { type BigIntStats, readdirSync } from 'node:fs'
import { type Entry, entryPath, readablePath } from '../build/entry.ts'
import { SHARED_FROM_BYTES } from '../build/shared-from.ts'
import { readEntry } from '../build/scan.ts'
import { VzfsError } from '../errors.ts'
import { needsNothingBelow } from './deep.ts'
import { below, type Contents, contentsAt, join, type LowerNeed, type Place, ROOT, statOrNull } from './lower.ts'
import { isMetacopy, isOpaque, isWhiteout, PROTECTED, redirectOf } from './marks.ts'
import { isWorthSharing } from './worth-sharing.ts'

export interface Directory {
  readonly path: string
  /** null: only the old links have it. */
  readonly upper: BigIntStats | null
  readonly opaque: boolean
  readonly redirect: string | null
  readonly place: Place
  /** Where layers of templates would have it without any mark on itself. */
  readonly natural: string | null
  readonly whiteouts: boolean
  readonly directories: Directory[]
  /** Private files that could be shared, if anybody has the same. */
  readonly candidates: PrivateFile[]
  /** Metadata copies that have to become links, because what they need is reached through links. */
  readonly copies: MetadataCopy[]
  /** Metadata copies that may stay, and where the small file of a layer lies whose contents they show. */
  readonly leaning: { readonly path: string; readonly on: string }[]
  /** Links that are to be seen, by path in the old links. */
  readonly kept: { readonly path: string; readonly from: string }[]
}

export interface PrivateFile {
  readonly path: string
  readonly inode: bigint
  readonly ctime: bigint
  readonly size: number
  /** On disk. */
  readonly bytes: number
  readonly entry: () => Entry
}

export interface MetadataCopy {
  readonly path: string
  readonly inode: bigint
  readonly contents: Contents
  readonly entry: () => Entry
  /** It has further names, or flags that count in upper alone, so it stays there, and what it shows is found through the link at this first name. */
  readonly anchor: boolean
  /** It is found through the area's own links already, and needs nothing of a layer but what those need. */
  readonly linked: boolean
  /** Of upper, those that were found; and how many there are. */
  readonly names: readonly string[]
  readonly links: number
}

/** Of a directory that is walked by path: what is in it still has paths that the kernel takes in one call (PATH_MAX). */
const LONGEST = 3_700
const BLOCK = 512

/** @param from how long a file has to be to be worth a link */
export function walk(need: LowerNeed, upper: Buffer, from = SHARED_FROM_BYTES): Directory {
  const root = statOrNull(upper)
  if (root === null) throw new VzfsError('damaged', `${upper.toString()} is missing`)
  const anchored = new Map<bigint, string[]>()
  return look(
    { ...need, upper, from, anchored },
    { path: '', upper: root, place: need.links === null ? { own: null, shared: '' } : ROOT, natural: '' },
  )
}

interface Walk extends LowerNeed {
  readonly upper: Buffer
  readonly from: number
  /** Names of inodes with several whose first one has been seen. */
  readonly anchored: Map<bigint, string[]>
}

function look(on: Walk, found: Pick<Directory, 'path' | 'upper' | 'place' | 'natural'>): Directory {
  const { files, links } = on
  const { path, upper } = found
  const at = entryPath(on.upper, path)
  const directory = {
    ...found,
    opaque: upper !== null && path !== '' && isOpaque(files, at),
    redirect: upper === null ? null : redirectOf(files, at),
    whiteouts: false,
    directories: [] as Directory[],
    candidates: [] as PrivateFile[],
    copies: [] as MetadataCopy[],
    leaning: [] as { path: string; on: string }[],
    kept: [] as { path: string; from: string }[],
  }
  const names = new Set<string>()
  for (const name of upper === null ? [] : namesIn(at)) {
    names.add(name)
    const stats = statOrNull(entryPath(on.upper, join(path, name)))
    if (stats === null) continue
    if (isWhiteout(stats)) directory.whiteouts = true
    else if (stats.isDirectory()) enter(on, directory, name, stats)
    else if (stats.isFile()) lookAtFile(on, directory, name, stats)
  }
  const { own } = found.place
  if (own === null || links === null) return directory
  for (const name of namesIn(entryPath(links, own))) {
    if (names.has(name)) continue
    const stats = statOrNull(entryPath(links, join(own, name)))
    if (stats?.isDirectory() === true) enter(on, directory, name, null)
    else directory.kept.push({ path: join(path, name), from: join(own, name) })
  }
  return directory
}

function enter(on: Walk, parent: Directory, name: string, upper: BigIntStats | null): void {
  const path = join(parent.path, name)
  const at = entryPath(on.upper, path)
  const natural = parent.place.shared === null ? null : join(parent.place.shared, name)
  const place =
    upper !== null && isOpaque(on.files, at)
      ? { own: null, shared: null }
      : below(on, parent.place, name, upper === null ? null : redirectOf(on.files, at))
  if (at.length <= LONGEST) return void parent.directories.push(look(on, { path, upper, place: ofDirectory(on, place), natural }))
  if (place.own !== null || (upper !== null && !needsNothingBelow(on.files, at))) {
    throw new VzfsError(
      'unsuitable',
      `${readablePath(path).slice(0, 200)}... has a path that is too long to be relinked, and something in it was renamed or linked; move it to a shorter path`,
    )
  }
}

/** Something else than a directory at that place in the old links ends the lookup. */
function ofDirectory({ links }: Walk, place: Place): Place {
  if (place.own === null || links === null) return place
  return statOrNull(entryPath(links, place.own))?.isDirectory() === true ? place : { own: null, shared: null }
}

function lookAtFile(on: Walk, directory: Directory, name: string, stats: BigIntStats): void {
  const path = join(directory.path, name)
  const at = entryPath(on.upper, path)
  const entry = (): Entry => readEntry(on.files, on.upper, path, stats)
  if (!isMetacopy(on.files, at)) {
    if (!isWorthSharing(stats, on.from)) return
    if (on.files.getXattr(at, PROTECTED) !== null) return
    directory.candidates.push({
      path,
      inode: stats.ino,
      ctime: stats.ctimeNs,
      size: Number(stats.size),
      bytes: Number(stats.blocks) * BLOCK,
      entry,
    })
    return
  }
  const anchor = stats.nlink > 1n || on.files.getXattr(at, PROTECTED) !== null
  if (anchor && on.anchored.get(stats.ino)?.push(path) !== undefined) return
  const redirect = redirectOf(on.files, at)
  const place = below(on, directory.place, name, redirect)
  const contents = contentsAt(on, place)
  if (contents === null) return
  if (contents.kind === 'layer' && redirect === null && place.own === null)
    return void directory.leaning.push({ path, on: contents.path })
  const names = [path]
  if (anchor) on.anchored.set(stats.ino, names)
  const linked = place.own !== null
  directory.copies.push({ path, inode: stats.ino, contents, entry, anchor, linked, names, links: Number(stats.nlink) })
}

const namesIn = (directory: Buffer): string[] =>
  // No object for each: a tenant puts millions into one directory.
  readdirSync(directory, { encoding: 'latin1' }).sort()
