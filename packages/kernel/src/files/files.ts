/**
 * Calls on files that Node lacks. Synchronous, for worker threads and tools that walk trees; paths are bytes, because a name on Linux
 * need not be UTF-8. Symbolic links are never followed in the last component.
 *
 * Each throws SystemCallFailed.
 */

export interface FileCalls {
  /**
   * Names of the extended attributes, one byte per character (latin1), sorted; on XFS all of them, elsewhere as many as the kernel lists (64 KiB; E2BIG when there are
   * more). llistxattr(2)
   */
  listXattrs(path: Buffer): string[]
  /** null when the file has no such attribute. lgetxattr(2) */
  getXattr(path: Buffer, name: string): Buffer | null
  /** Makes or replaces. lsetxattr(2) */
  setXattr(path: Buffer, name: string, value: Uint8Array): void
  /** lremovexattr(2) */
  removeXattr(path: Buffer, name: string): void
  /** Nanoseconds since the epoch, also of a symbolic link itself. utimensat(2) */
  setTimes(path: Buffer, access: bigint, modification: bigint): void
  /** Fifo, socket or device node; `mode` carries the type bits, `device` is as in stat's rdev. mknod(2) */
  makeNode(path: Buffer, mode: number, device: number): void
  /** Renames unless `to` exists: false then, and nothing is changed. renameat2(2) */
  renameNew(from: Buffer, to: Buffer): boolean
  /** Everything written so far to the file system that holds the open file `fd` is on disk when this returns. syncfs(2) */
  syncFileSystem(fd: number): void
  /** Makes `to` share all of `from`'s blocks until either is written to. Both are open on one file system that can. ioctl_ficlone(2) */
  cloneContents(from: number, to: number): void
  /** Where the next bytes that are no hole begin, from `offset` on; null when only a hole is left. lseek(2) SEEK_DATA */
  nextData(fd: number, offset: number): number | null
  /** Where the next hole begins; the end of the file is one. lseek(2) SEEK_HOLE */
  nextHole(fd: number, offset: number): number
  /** Flags of its inode; 0 where the file system has none. ioctl_xfs_fsgetxattr(2) */
  inodeFlags(fd: number): number
  /** Sets these besides those that it has. */
  addInodeFlags(fd: number, flags: number): void
  /** Exclusive advisory lock for as long as this open file lives; false when another open file holds it. flock(2) */
  lock(fd: number): boolean
}
