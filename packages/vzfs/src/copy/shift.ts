/** Host ids of one area become those of another, wherever a file carries some: owner, group, access lists, whose root a capability is for. */

import { IDS } from '../quota/ids.ts'

export interface IdShift {
  readonly from: number
  readonly to: number
}

/** What belongs to neither, like whiteouts, which are the host's root's, stays. */
export function shiftId(shift: IdShift | null, id: number): number {
  if (shift === null || id < shift.from || id >= shift.from + IDS) return id
  return id - shift.from + shift.to
}

/** The value of an extended attribute with its ids shifted; a copy when there are such. */
export function shiftXattr(shift: IdShift | null, name: string, value: Buffer): Buffer {
  if (shift === null) return value
  if (ACLS.has(name)) return shiftAcl(shift, value)
  return name === 'security.capability' ? shiftCapability(shift, value) : value
}

const ACLS = new Set(['system.posix_acl_access', 'system.posix_acl_default'])
/** Version, then tag, permissions, id for each entry. acl(5), linux/posix_acl_xattr.h */
const ACL_HEADER = 4
const ACL_ENTRY = 8
const ACL_NAMED = new Set([0x02, 0x08])

function shiftAcl(shift: IdShift, value: Buffer): Buffer {
  const shifted = Buffer.from(value)
  for (let at = ACL_HEADER; at + ACL_ENTRY <= value.length; at += ACL_ENTRY) {
    if (!ACL_NAMED.has(value.readUInt16LE(at))) continue
    shifted.writeUInt32LE(shiftId(shift, value.readUInt32LE(at + 4)), at + 4)
  }
  return shifted
}

/** capabilities(7), linux/capability.h "struct vfs_ns_cap_data" */
const CAPABILITY_VERSION_3 = 0x03
const CAPABILITY_BYTES = 24
const ROOT_AT = 20

function shiftCapability(shift: IdShift, value: Buffer): Buffer {
  if (value.length !== CAPABILITY_BYTES || value[3] !== CAPABILITY_VERSION_3) return value
  const shifted = Buffer.from(value)
  shifted.writeUInt32LE(shiftId(shift, value.readUInt32LE(ROOT_AT)), ROOT_AT)
  return shifted
}
