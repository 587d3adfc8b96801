/** FileCalls on the running kernel. */

import koffi from 'koffi'
import { SystemCallFailed } from '../libc/libc.ts'
import type { FileCalls } from './files.ts'

const AT_FDCWD = -100
const AT_SYMLINK_NOFOLLOW = 0x100
const RENAME_NOREPLACE = 1
const LOCK_EX = 2
const LOCK_NB = 4
const NANOSECONDS = 1_000_000_000n
/** xattr(7): XATTR_LIST_MAX and XATTR_SIZE_MAX. */
const MOST_BYTES = 65536

const library = koffi.load('libc.so.6')
const llistxattr = library.func('long llistxattr(const void *path, _Out_ void *list, unsigned long size)')
const lgetxattr = library.func('long lgetxattr(const void *path, const void *name, _Out_ void *value, unsigned long size)')
const lsetxattr = library.func(
  'int lsetxattr(const void *path, const void *name, const void *value, unsigned long size, int flags)',
)
const lremovexattr = library.func('int lremovexattr(const void *path, const void *name)')
const utimensat = library.func('int utimensat(int dirfd, const void *path, const void *times, int flags)')
const mknod = library.func('int mknod(const void *path, unsigned int mode, unsigned long device)')
const renameat2 = library.func('int renameat2(int fromfd, const void *from, int tofd, const void *to, unsigned int flags)')
const syncfs = library.func('int syncfs(int fd)')
const flock = library.func('int flock(int fd, int operation)')

export function realFileCalls(): FileCalls {
  const scratch = Buffer.alloc(MOST_BYTES)
  return {
    listXattrs(path) {
      const size = Number(llistxattr(cString(path), scratch, scratch.length))
      if (size < 0) throw failed('list attributes of', path)
      return size === 0
        ? []
        : scratch
            .toString('latin1', 0, size - 1)
            .split('\0')
            .sort()
    },
    getXattr(path, name) {
      const size = Number(lgetxattr(cString(path), cName(name), scratch, scratch.length))
      if (size >= 0) return Buffer.from(scratch.subarray(0, size))
      const error = failed(`read attribute ${name} of`, path)
      if (error.code === 'ENODATA') return null
      throw error
    },
    setXattr(path, name, value) {
      if (lsetxattr(cString(path), cName(name), value, value.length, 0) < 0) throw failed(`set attribute ${name} of`, path)
    },
    removeXattr(path, name) {
      if (lremovexattr(cString(path), cName(name)) < 0) throw failed(`remove attribute ${name} of`, path)
    },
    setTimes(path, access, modification) {
      const times = Buffer.alloc(32)
      for (const [index, time] of [access, modification].entries()) {
        // timespec(3type) wants nanoseconds from 0 to 999,999,999 also before 1970.
        const nanoseconds = ((time % NANOSECONDS) + NANOSECONDS) % NANOSECONDS
        times.writeBigInt64LE((time - nanoseconds) / NANOSECONDS, index * 16)
        times.writeBigInt64LE(nanoseconds, index * 16 + 8)
      }
      if (utimensat(AT_FDCWD, cString(path), times, AT_SYMLINK_NOFOLLOW) < 0) throw failed('set times of', path)
    },
    makeNode(path, mode, device) {
      if (mknod(cString(path), mode, device) < 0) throw failed('make node', path)
    },
    renameNew(from, to) {
      if (renameat2(AT_FDCWD, cString(from), AT_FDCWD, cString(to), RENAME_NOREPLACE) === 0) return true
      const error = failed('rename', from, to)
      if (error.code === 'EEXIST') return false
      throw error
    },
    syncFileSystem(fd) {
      if (syncfs(fd) < 0) throw new SystemCallFailed('syncfs', koffi.errno())
    },
    lock(fd) {
      if (flock(fd, LOCK_EX | LOCK_NB) === 0) return true
      const error = new SystemCallFailed('flock', koffi.errno())
      if (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK') return false
      throw error
    },
  }
}

function failed(what: string, ...paths: readonly Buffer[]): SystemCallFailed {
  const errno = koffi.errno()
  return new SystemCallFailed(`${what} ${paths.map(String).join(' to ')}`, errno)
}

/** A path that holds a NUL byte would silently be a shorter path. */
function cString(path: Buffer): Buffer {
  if (path.includes(0)) throw new TypeError('a path cannot hold a NUL byte')
  return Buffer.concat([path, END])
}

const cName = (name: string): Buffer => cString(Buffer.from(name, 'latin1'))

const END = Buffer.alloc(1)
