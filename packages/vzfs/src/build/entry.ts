/** One object of a tree, with everything that a layer has to keep of it. */

export type EntryKind = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'block' | 'character'

export interface Entry {
  /** Relative to the tree's root, "" for the root itself; one byte per character (latin1), so that any name survives. */
  readonly path: string
  readonly kind: EntryKind
  /** Permission bits, set-id and sticky bits included. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes of a file, length of a symbolic link's target; 0 for everything else. */
  readonly size: number
  /** Nanoseconds since the epoch. */
  readonly atime: bigint
  readonly mtime: bigint
  readonly inode: bigint
  readonly links: number
  readonly device: number
  readonly target: string
  /** Sorted by name, latin1 on both sides; without the marks of a stub. */
  readonly xattrs: readonly (readonly [name: string, value: string])[]
  /** Digest of the pool's contents that this stub shows; null for everything that is not a stub. */
  readonly stub: string | null
}

/** The path of an entry below `root`, as bytes. */
export function entryPath(root: Buffer, path: string): Buffer {
  return path === '' ? root : Buffer.concat([root, SLASH, Buffer.from(path, 'latin1')])
}

const SLASH = Buffer.from('/')

/** For messages, which it can neither end nor colour: a name may hold any bytes. */
export const readablePath = (path: string): string => withoutControl(Buffer.from(path, 'latin1').toString())

export const withoutControl = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- these are meant
  text.replace(/[\x00-\x1f\x7f-\x9f]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`)
