/** FileCalls on the running kernel. */

import { directCalls } from '../libc/direct.ts'
import { SystemCallFailed } from '../libc/libc.ts'
import type { FileCalls } from './files.ts'
import { addInodeFlags, inodeFlags } from './inode-flags.ts'
import { listXfsAttributes } from './xfs-attributes.ts'

const AT_FDCWD = -100
const AT_SYMLINK_NOFOLLOW = 0x100
const RENAME_NOREPLACE = 1
const LOCK_EX = 2
const LOCK_NB = 4
const NANOSECONDS = 1_000_000_000n
/** xattr(7): XATTR_LIST_MAX and XATTR_SIZE_MAX. */
const MOST_BYTES = 65536
const ENODATA = 61
const EEXIST = 17
const EAGAIN = 11
const ENXIO = 6
const E2BIG = 7
const SEEK_DATA = 3
const SEEK_HOLE = 4
const FICLONE = 0x4004_9409

const SYS = {
  lseek: 8,
  ioctl: 16,
  flock: 73,
  mknodat: 259,
  lsetxattr: 189,
  lgetxattr: 192,
  llistxattr: 195,
  lremovexattr: 198,
  utimensat: 280,
  syncfs: 306,
  renameat2: 316,
} as const

export function realFileCalls(): FileCalls {
  const direct = directCalls()
  const llistxattr = direct('long (long number, const void *path, _Out_ void *list, unsigned long size)')
  const lgetxattr = direct('long (long number, const void *path, const void *name, _Out_ void *value, unsigned long size)')
  const lsetxattr = direct(
    'long (long number, const void *path, const void *name, const void *value, unsigned long size, int flags)',
  )
  const lremovexattr = direct('long (long number, const void *path, const void *name)')
  const utimensat = direct('long (long number, int dirfd, const void *path, const void *times, int flags)')
  const mknodat = direct('long (long number, int dirfd, const void *path, unsigned int mode, unsigned long device)')
  const renameat2 = direct('long (long number, int fromfd, const void *from, int tofd, const void *to, unsigned int flags)')
  const syncfs = direct('long (long number, int fd)')
  const flock = direct('long (long number, int fd, int operation)')
  const lseek = direct('long (long number, int fd, long offset, int whence)')
  const ioctl = direct('long (long number, int fd, unsigned long request, long argument)')
  const scratch = Buffer.alloc(MOST_BYTES)

  return {
    listXattrs(path) {
      const found = llistxattr(SYS.llistxattr, cString(path), scratch, scratch.length)
      const all = found === -E2BIG ? listXfsAttributes(path) : null
      if (all !== null) return all
      const size = must(found, 'list attributes of', path)
      return size === 0
        ? []
        : scratch
            .toString('latin1', 0, size - 1)
            .split('\0')
            .sort()
    },
    getXattr(path, name) {
      const size = lgetxattr(SYS.lgetxattr, cString(path), cName(name), scratch, scratch.length)
      if (size === -ENODATA) return null
      must(size, `read attribute ${name} of`, path)
      return Buffer.from(scratch.subarray(0, size))
    },
    setXattr(path, name, value) {
      must(lsetxattr(SYS.lsetxattr, cString(path), cName(name), value, value.length, 0), `set attribute ${name} of`, path)
    },
    removeXattr(path, name) {
      must(lremovexattr(SYS.lremovexattr, cString(path), cName(name)), `remove attribute ${name} of`, path)
    },
    setTimes(path, access, modification) {
      must(
        utimensat(SYS.utimensat, AT_FDCWD, cString(path), timespecs(access, modification), AT_SYMLINK_NOFOLLOW),
        'set times of',
        path,
      )
    },
    makeNode(path, mode, device) {
      must(mknodat(SYS.mknodat, AT_FDCWD, cString(path), mode, device), 'make node', path)
    },
    renameNew(from, to) {
      const result = renameat2(SYS.renameat2, AT_FDCWD, cString(from), AT_FDCWD, cString(to), RENAME_NOREPLACE)
      if (result === -EEXIST) return false
      must(result, `rename to ${to.toString()}`, from)
      return true
    },
    syncFileSystem(fd) {
      must(syncfs(SYS.syncfs, fd), 'syncfs')
    },
    cloneContents(from, to) {
      must(ioctl(SYS.ioctl, to, FICLONE, from), 'share the blocks of a file')
    },
    nextData(fd, offset) {
      const found = lseek(SYS.lseek, fd, offset, SEEK_DATA)
      return found === -ENXIO ? null : must(found, 'find data')
    },
    nextHole: (fd, offset) => must(lseek(SYS.lseek, fd, offset, SEEK_HOLE), 'find a hole'),
    inodeFlags,
    addInodeFlags,
    lock(fd) {
      const result = flock(SYS.flock, fd, LOCK_EX | LOCK_NB)
      if (result === -EAGAIN) return false
      must(result, 'flock')
      return true
    },
  }
}

function must(result: number, what: string, path?: Buffer): number {
  if (result < 0) throw new SystemCallFailed(path === undefined ? what : `${what} ${path.toString()}`, -result)
  return result
}

/** timespec(3type) wants nanoseconds from 0 to 999,999,999 also before 1970. */
function timespecs(...times: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(16 * times.length)
  for (const [index, time] of times.entries()) {
    const nanoseconds = ((time % NANOSECONDS) + NANOSECONDS) % NANOSECONDS
    bytes.writeBigInt64LE((time - nanoseconds) / NANOSECONDS, index * 16)
    bytes.writeBigInt64LE(nanoseconds, index * 16 + 8)
  }
  return bytes
}

/** A path that holds a NUL byte would silently be a shorter path. */
function cString(path: Buffer): Buffer {
  if (path.includes(0)) throw new TypeError('a path cannot hold a NUL byte')
  return Buffer.concat([path, END])
}

const cName = (name: string): Buffer => cString(Buffer.from(name, 'latin1'))

const END = Buffer.alloc(1)
