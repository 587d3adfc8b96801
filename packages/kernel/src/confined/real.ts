/** ConfinedRoot on the running kernel: openat2(2) with RESOLVE_IN_ROOT resolves every link inside the root. */

import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { libc, SystemCallFailed } from '../libc/libc.ts'
import { actAs } from '../process/act-as.ts'
import type { ConfinedRoot } from './confined.ts'

const O_PATH = 0x200000
const O_CLOEXEC = 0x80000
const RESOLVE_IN_ROOT = 0x10n
const RESOLVE_NO_MAGICLINKS = 0x02n
/** The tenant mounts what it likes where it likes: a file of /proc over its own resolv.conf would be the node's, written by the node's root. */
const RESOLVE_NO_XDEV = 0x01n
/** What keeps files and answers by itself. Not a file of the kernel's, and not a FUSE of the tenant's that never answers. */
const FILE_SYSTEMS = new Set(['overlay', 'xfs', 'ext4', 'ext3', 'ext2', 'btrfs', 'f2fs', 'zfs', 'tmpfs'])

export function openConfinedRoot(root: string): ConfinedRoot {
  const directory = openSync(root, O_PATH | constants.O_DIRECTORY)
  const usable = FILE_SYSTEMS.has(typeOf(directory, root))
  /** A descriptor, or why there is none for us. */
  const attempt = (path: string, flags: number, mode: number): number | string => {
    if (!usable) return 'ENOENT'
    const how = Buffer.alloc(24)
    how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0)
    how.writeBigUInt64LE(BigInt(mode), 8)
    how.writeBigUInt64LE(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV, 16)
    try {
      return libc.openat2(`open ${path}`, directory, path, how, 24)
    } catch (error) {
      if (error instanceof SystemCallFailed && UNUSABLE.has(error.code)) return error.code
      throw error
    }
  }
  const open = (path: string, flags: number, mode: number): number | null => {
    const fd = attempt(path, flags, mode)
    return typeof fd === 'number' ? fd : null
  }
  /** With a way to the name through its open parent; false when the tenant has arranged it otherwise. */
  const inParent = (path: string, body: (place: string) => boolean): boolean => {
    const cut = path.lastIndexOf('/')
    const parent = open(path.slice(0, cut) || '/', O_PATH | constants.O_DIRECTORY, 0)
    if (parent === null) return false
    try {
      return body(`/proc/self/fd/${parent}/${path.slice(cut + 1)}`)
    } catch (error) {
      if (UNUSABLE.has((error as { code?: string }).code ?? '') || (error as { code?: string }).code === 'EEXIST') return false
      throw error
    } finally {
      closeSync(parent)
    }
  }
  const read = (path: string, most: number): string | null => {
    const fd = open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY, 0)
    if (fd === null) return null
    try {
      return readRegular(fd, most)
    } finally {
      closeSync(fd)
    }
  }
  return {
    read,
    isDirectory(path) {
      const fd = attempt(path, O_PATH | constants.O_DIRECTORY, 0)
      if (typeof fd === 'number') closeSync(fd)
      // What the tenant has mounted there is not looked at; whoever enters it will see.
      return typeof fd === 'number' || fd === 'EXDEV'
    },
    refusesEntry(path, { uid, gid, groups }) {
      if (!usable) return null
      // The dot: to search it, not only to find it, is what has to be allowed.
      const enter = (): number | string => attempt(`${path}/.`, O_PATH | constants.O_DIRECTORY, 0)
      const fd = actAs({ fileUid: uid, fileGid: gid, groups }, 0n, enter)
      if (typeof fd === 'number') closeSync(fd)
      return typeof fd === 'number' || fd === 'EXDEV' ? null : fd
    },
    write(path, contents, mode, owner) {
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY
      const before = read(path, Buffer.byteLength(contents))
      if (before === contents) return false
      const fd = open(path, flags, mode)
      if (fd === null) return false
      try {
        if (!fstatSync(fd).isFile()) return false
        fchownSync(fd, owner, owner)
        fchmodSync(fd, mode)
        ftruncateSync(fd, 0)
        writeSync(fd, contents)
        return true
      } finally {
        closeSync(fd)
      }
    },
    remove: (path) =>
      inParent(path, (place) => {
        if (lstatSync(place).isDirectory()) return false
        unlinkSync(place)
        return true
      }),
    makeDirectory: (path, mode, owner) =>
      inParent(path, (place) => {
        mkdirSync(place, 0o700)
        const made = openSync(place, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
        try {
          fchownSync(made, owner, owner)
          fchmodSync(made, mode)
        } finally {
          closeSync(made)
        }
        return true
      }),
    [Symbol.dispose]: () => closeSync(directory),
  }
}

/** Answers of open that mean "the tenant has something else there", not "something is wrong with the node". */
const UNUSABLE = new Set([
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
  'EISDIR',
  'ENXIO',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENAMETOOLONG',
  'EXDEV',
  'ETXTBSY',
  // Somebody holds a lease on it. fcntl(2)
  'EAGAIN',
])

/** Of the mount that an open directory lies on, without asking the file system itself. proc(5) fdinfo, mountinfo */
function typeOf(fd: number, root: string): string {
  const id = /^mnt_id:\s+(\d+)$/m.exec(readFileSync(`/proc/thread-self/fdinfo/${fd}`, 'utf8'))?.[1]
  const [process = '/proc/thread-self'] = /^\/proc\/\d+(?=\/root$)/.exec(root) ?? []
  const line = readFileSync(`${process}/mountinfo`, 'utf8')
    .split('\n')
    .find((one) => one.startsWith(`${id} `))
  return line?.split(' - ')[1]?.split(' ')[0] ?? ''
}

function readRegular(fd: number, most: number): string | null {
  const { size } = fstatSync(fd)
  if (!fstatSync(fd).isFile() || size > most) return null
  const bytes = Buffer.alloc(size)
  let filled = 0
  while (filled < size) {
    const count = readSync(fd, bytes, filled, size - filled, filled)
    if (count === 0) break
    filled += count
  }
  return bytes.toString('utf8', 0, filled)
}
