/**
 * Names of attributes that are more than llistxattr(2) gives at once (64 KiB; then it says E2BIG, and there is no second part to ask for). XFS takes more, and lists
 * them in parts by a handle of the file. xfsctl(3), xfs/xfs_fs.h: XFS_IOC_ATTRLIST_BY_HANDLE
 */

import { closeSync, constants, openSync } from 'node:fs'
import koffi from 'koffi'
import { libc, SystemCallFailed } from '../libc/libc.ts'

const PATH_TO_HANDLE = 0xc0_38_58_69
const ATTRLIST_BY_HANDLE = 0x40_58_58_7a
const HANDLE_REQUEST_BYTES = 56
const LIST_REQUEST_BYTES = 88
const HANDLE_BYTES = 64
const LIST_BYTES = 65_536

/** As XFS keeps them apart, and how they are called outside. */
const NAMESPACES = [
  ['user.', 0],
  ['trusted.', 2],
  ['security.', 8],
] as const

/** Access lists are kept among those of root; every file system shows them under these names. */
const ACLS = new Map([
  ['trusted.SGI_ACL_FILE', 'system.posix_acl_access'],
  ['trusted.SGI_ACL_DEFAULT', 'system.posix_acl_default'],
])

const NONE = new Set(['ENOTTY', 'EINVAL', 'EOPNOTSUPP', 'ENOTSUP', 'EXDEV'])

/** null: it does not lie on an XFS, or is seen through another file system. */
export function listXfsAttributes(path: Buffer): string[] | null {
  // Handles are looked up below a directory of the same file system.
  const slash = path.lastIndexOf('/')
  const parent = openSync(slash <= 0 ? '/' : path.subarray(0, slash), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const handle = handleOf(parent, path)
    const names = NAMESPACES.flatMap(([prefix, flags]) => list(parent, handle, flags).map((name) => prefix + name))
    return [...names, ...names.flatMap((name) => ACLS.get(name) ?? [])].sort()
  } catch (error) {
    if (error instanceof SystemCallFailed && NONE.has(error.code)) return null
    throw error
  } finally {
    closeSync(parent)
  }
}

function handleOf(fd: number, path: Buffer): Buffer {
  const [name, handle, length] = [Buffer.concat([path, Buffer.of(0)]), Buffer.alloc(HANDLE_BYTES), Buffer.alloc(4)]
  const request = Buffer.alloc(HANDLE_REQUEST_BYTES)
  request.writeBigUInt64LE(koffi.address(name), 8)
  request.writeBigUInt64LE(koffi.address(handle), 40)
  request.writeBigUInt64LE(koffi.address(length), 48)
  libc.ioctl('find a file', fd, PATH_TO_HANDLE, request)
  // Naming them here keeps them from being collected while the kernel uses their addresses.
  return name.length === 0 ? name : handle.subarray(0, length.readUInt32LE(0))
}

function list(fd: number, handle: Buffer, flags: number): string[] {
  const [names, buffer, request] = [[] as string[], Buffer.alloc(LIST_BYTES), Buffer.alloc(LIST_REQUEST_BYTES)]
  request.writeUInt32LE(constants.O_RDONLY, 16)
  request.writeBigUInt64LE(koffi.address(handle), 24)
  request.writeUInt32LE(handle.length, 32)
  request.writeUInt32LE(flags, 72)
  request.writeUInt32LE(buffer.length, 76)
  request.writeBigUInt64LE(koffi.address(buffer), 80)
  for (let more = true; more;) {
    // The kernel moves the cursor in the request on.
    libc.ioctl('list attributes', fd, ATTRLIST_BY_HANDLE, request)
    const count = buffer.readInt32LE(0)
    more = buffer.readInt32LE(4) !== 0 && count > 0
    for (let index = 0; index < count; index++) {
      const start = buffer.readInt32LE(8 + index * 4) + 4
      names.push(buffer.toString('latin1', start, buffer.indexOf(0, start)))
    }
  }
  return names
}
