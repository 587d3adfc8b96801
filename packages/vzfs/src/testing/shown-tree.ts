/** What a tree shows to programs, without what overlayfs does not promise (docs/vzfs-posix.md) and what differs by chance. */

import type { Hand } from './hand.ts'

const S_IFMT = 0o170000
const S_IFDIR = 0o040000
const S_IFIFO = 0o010000
const SET_ID = 0o6000
const CAPABILITY = 'security.capability'
/** 2001-09-09: what `fillSampleTree` gave, or earlier. Later times are those of the test's own changes. */
const RECENT = 1_000_000_000_000_000_001n

interface Held {
  readonly mode: number
  readonly nlink: number
  readonly size: number
  readonly mtime: string
  readonly xattrs: readonly (readonly [name: string, value: string])[]
  readonly [field: string]: unknown
}

/** By path. */
export type Shown = Readonly<Record<string, ShownFile>>

export interface ShownFile {
  readonly mtime: string | null
  readonly xattrs: readonly (readonly [name: string, value: string])[]
  readonly mode: string
  /** null for a directory. */
  readonly nlink: number | null
  readonly [field: string]: unknown
}

/**
 * The same tree as an area may show it. Overlayfs gives a file whose attributes were changed another time when it is first opened for writing, also
 * if nothing is written, and a directory when it is moved to where a shared file was deleted. It takes set-id bits and capabilities away before it finds that a call
 * has nothing to do.
 */
export function asAreaMayShow(area: Shown, directory: Shown): Shown {
  const files = Object.entries(directory).map(([path, file]) => {
    const shows = area[path]
    const regular = 'sha256' in file
    const mtime = shows?.mtime === 'recent' && (regular || file.nlink === null) ? 'recent' : file.mtime
    const plain = (Number.parseInt(file.mode, 8) & ~SET_ID).toString(8)
    const xattrs = regular && shows?.xattrs.length === 0 ? file.xattrs.filter(([name]) => name !== CAPABILITY) : file.xattrs
    return [path, { ...file, mtime, xattrs, mode: regular && shows?.mode === plain ? plain : file.mode }] as const
  })
  return Object.fromEntries(files)
}

export async function shownTree(hand: Hand, top = '/'): Promise<Shown> {
  const tree = (await hand.do('tree', top)) as readonly (readonly [path: string, held: Held])[]
  return Object.fromEntries(tree.map(([path, held]) => [`/${path}`, shown(path, held)]))
}

function shown(
  path: string,
  { ino: _ino, dev: _dev, atime: _atime, ctime: _ctime, blocks: _blocks, nlink, size, mtime, ...rest }: Held,
): ShownFile {
  const kind = rest.mode & S_IFMT
  const directory = kind === S_IFDIR
  return {
    ...rest,
    mode: rest.mode.toString(8),
    nlink: directory ? null : nlink,
    size: directory ? null : size,
    // The root directory of an area begins with it, and overlayfs does not write down what goes through a fifo.
    mtime: path === '' || kind === S_IFIFO ? null : BigInt(mtime) < RECENT ? mtime : 'recent',
  }
}
