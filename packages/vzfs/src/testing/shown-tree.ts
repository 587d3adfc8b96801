/** What a tree shows to programs, without what overlayfs does not promise (docs/vzfs-posix.md) and what differs by chance. */

import type { Hand } from './hand.ts'

const S_IFMT = 0o170000
const S_IFDIR = 0o040000
/** 2001-09-09: what `fillSampleTree` gave, or earlier. Later times are those of the test's own changes. */
const RECENT = 1_000_000_000_000_000_001n

interface Held {
  readonly mode: number
  readonly nlink: number
  readonly size: number
  readonly mtime: string
  readonly [field: string]: unknown
}

/** By path. */
export type Shown = Readonly<Record<string, ShownFile>>

export interface ShownFile {
  readonly mtime: string | null
  /** null for a directory. */
  readonly nlink: number | null
  readonly [field: string]: unknown
}

/**
 * The same tree as an area may show it. Overlayfs gives a file whose attributes were changed another time when it is first opened for writing, also
 * if nothing is written, and a directory when it is moved to where a shared file was deleted.
 */
export function allowingTimes(area: Shown, directory: Shown): Shown {
  const shownFiles = Object.entries(directory).map(([path, file]) => {
    const allowed = area[path]?.mtime === 'recent' && ('sha256' in file || file.nlink === null)
    return [path, allowed ? { ...file, mtime: 'recent' } : file] as const
  })
  return Object.fromEntries(shownFiles)
}

export async function shownTree(hand: Hand, top = '/'): Promise<Shown> {
  const tree = (await hand.do('tree', top)) as readonly (readonly [path: string, held: Held])[]
  return Object.fromEntries(tree.map(([path, held]) => [`/${path}`, shown(path, held)]))
}

function shown(
  path: string,
  { ino: _ino, dev: _dev, atime: _atime, ctime: _ctime, blocks: _blocks, nlink, size, mtime, ...rest }: Held,
): ShownFile {
  const directory = (rest.mode & S_IFMT) === S_IFDIR
  return {
    ...rest,
    mode: rest.mode.toString(8),
    nlink: directory ? null : nlink,
    size: directory ? null : size,
    // The root directory of an area begins with it.
    mtime: path === '' ? null : BigInt(mtime) < RECENT ? mtime : 'recent',
  }
}
