/** Flags of inodes. ioctl_xfs_fsgetxattr(2); also of ext4 and others, linux/fs.h "struct fsxattr". */

import { libc, SystemCallFailed } from '../libc/libc.ts'

const FS_IOC_FSGETXATTR = 0x80_1c_58_1f
const FS_IOC_FSSETXATTR = 0x40_1c_58_20
const FSXATTR_BYTES = 28
/** How file systems say that they have none. */
const UNKNOWN = new Set(['ENOTTY', 'EOPNOTSUPP', 'ENOTSUP', 'EINVAL', 'ENOSYS'])

export const inodeFlags = (fd: number): number => read(fd)?.readUInt32LE(0) ?? 0

export function addInodeFlags(fd: number, flags: number): void {
  const attributes = read(fd)
  if (attributes === null) return
  attributes.writeUInt32LE((attributes.readUInt32LE(0) | flags) >>> 0, 0)
  libc.ioctl('set flags of an inode', fd, FS_IOC_FSSETXATTR, attributes)
}

function read(fd: number): Buffer | null {
  const attributes = Buffer.alloc(FSXATTR_BYTES)
  try {
    libc.ioctl('read flags of an inode', fd, FS_IOC_FSGETXATTR, attributes)
    return attributes
  } catch (error) {
    if (error instanceof SystemCallFailed && UNKNOWN.has(error.code)) return null
    throw error
  }
}
