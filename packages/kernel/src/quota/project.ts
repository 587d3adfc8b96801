/** The project number of a file. ioctl_xfs_fsgetxattr(2); also of ext4 and others, linux/fs.h "struct fsxattr". */

import { libc, SystemCallFailed } from '../libc/libc.ts'
import type { FileProject } from './quota.ts'

const FS_IOC_FSGETXATTR = 0x80_1c_58_1f
const FS_IOC_FSSETXATTR = 0x40_1c_58_20
const FSXATTR_BYTES = 28
const PROJECT_AT = 12
const PROJINHERIT = 0x200
/** How file systems say that they know no projects. */
const UNKNOWN = new Set(['ENOTTY', 'EOPNOTSUPP', 'ENOTSUP', 'EINVAL', 'ENOSYS'])

export function projectOf(fd: number): FileProject | null {
  const attributes = read(fd)
  if (attributes === null) return null
  return { id: attributes.readUInt32LE(PROJECT_AT), passedOn: (attributes.readUInt32LE(0) & PROJINHERIT) !== 0 }
}

export function setProjectOf(fd: number, id: number, directory: boolean): boolean {
  const attributes = read(fd)
  if (attributes === null) return false
  if (directory) attributes.writeUInt32LE((attributes.readUInt32LE(0) | PROJINHERIT) >>> 0, 0)
  attributes.writeUInt32LE(id, PROJECT_AT)
  return knows(() => libc.ioctl(`set the project to ${id}`, fd, FS_IOC_FSSETXATTR, attributes))
}

function read(fd: number): Buffer | null {
  const attributes = Buffer.alloc(FSXATTR_BYTES)
  return knows(() => libc.ioctl('read the project', fd, FS_IOC_FSGETXATTR, attributes)) ? attributes : null
}

function knows(call: () => unknown): boolean {
  try {
    call()
    return true
  } catch (error) {
    if (error instanceof SystemCallFailed && UNKNOWN.has(error.code)) return false
    throw error
  }
}
