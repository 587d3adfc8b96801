/**
 * What has to lie over layers so that they show what an area shows: an entry for each object that is another there, a whiteout for each that is
 * gone. Directories that were renamed have everything in them listed, so nothing in a layer leads elsewhere.
 */

import { type Entry, entryPath } from '../build/entry.ts'
import { sameContents } from '../build/same-contents.ts'
import { isBelow } from './touched.ts'
import type { Views } from './views.ts'

export interface Delta {
  /** Parents first; those of listed objects are among them. With the area's host ids. */
  readonly listed: readonly Entry[]
  readonly opaque: ReadonlySet<string>
  readonly whiteouts: readonly string[]
}

export interface Compared {
  readonly views: Views
  readonly area: readonly Entry[]
  readonly layers: readonly Entry[]
  readonly touched: (path: string) => boolean
  /** These and what is below them stays as the layers have it. */
  readonly without: ReadonlySet<string>
}

export function differ({ views, area, layers, touched, without }: Compared): Delta {
  const here = new Map(area.filter(({ path }) => !isBelow(without, path)).map((entry) => [entry.path, entry] as const))
  const below = new Map(layers.map((entry) => [entry.path, entry] as const))
  const [names, namesBelow] = [namesOf(here.values()), namesOf(below.values())]
  const isSame = (entry: Entry): boolean => {
    const was = below.get(entry.path)
    if (was === undefined || !sameMetadata(entry, was)) return false
    const known = new Set(namesBelow(was))
    if (!names(entry).every((name) => known.has(name))) return false
    if (entry.kind !== 'file' || !touched(entry.path)) return true
    return sameContents(entryPath(views.area, entry.path), entryPath(views.layers, entry.path))
  }
  const wanted = new Set<string>([''])
  for (const entry of here.values()) {
    if (wanted.has(entry.path) || isSame(entry)) continue
    // All names of a file or none: they have to be one.
    for (const name of names(entry)) for (const path of withParents(name)) wanted.add(path)
  }
  const gone = [...below.keys()].filter(
    (path) => !here.has(path) && !isBelow(without, path) && here.get(parentOf(path))?.kind === 'directory',
  )
  for (const path of gone) for (const parent of withParents(parentOf(path))) wanted.add(parent)
  const leaning = new Set<string>()
  for (const path of below.keys())
    if (isBelow(without, path) || (here.has(path) && !wanted.has(path)))
      for (const parent of withParents(parentOf(path))) leaning.add(parent)
  const opaque = new Set(gone.map(parentOf).filter((path) => path !== '' && !leaning.has(path)))
  return {
    listed: area.filter(({ path }) => wanted.has(path)),
    opaque: new Set([...opaque].filter((path) => !isBelow(opaque, parentOf(path)))),
    whiteouts: gone.filter((path) => !isBelow(opaque, path)),
  }
}

/** But for a file's contents. A directory's own times are part of it, those of last access of nothing. */
export function sameMetadata(one: Entry, other: Entry): boolean {
  return FIELDS.every((field) => one[field] === other[field]) && JSON.stringify(one.xattrs) === JSON.stringify(other.xattrs)
}

const FIELDS = ['kind', 'mode', 'uid', 'gid', 'size', 'mtime', 'links', 'device', 'target'] as const

/** All names of the file that an entry is one of. */
export function namesOf(entries: Iterable<Entry>): (entry: Entry) => readonly string[] {
  const byInode = new Map<bigint, string[]>()
  for (const { kind, links, inode, path } of entries) {
    if (kind === 'directory' || links === 1) continue
    const known = byInode.get(inode)
    if (known) known.push(path)
    else byInode.set(inode, [path])
  }
  return ({ kind, links, inode, path }) => (kind === 'directory' || links === 1 ? [path] : (byInode.get(inode) ?? [path]))
}

export const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

function* withParents(path: string): Generator<string> {
  for (let here = path; here !== ''; here = parentOf(here)) yield here
}
