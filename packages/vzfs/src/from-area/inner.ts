/** An entry of an area as a layer has it: with the ids that its owner sees, not those of the host. */

import { type Entry, readablePath } from '../build/entry.ts'
import { shiftXattr } from '../copy/shift.ts'
import { VzfsError } from '../errors.ts'
import { IDS } from '../quota/ids.ts'

/** @throws VzfsError unsuitable when it carries an id or a right that is none of the area's */
export function innerEntry(entry: Entry, base: number): Entry {
  const refuse = (why: string): never => {
    throw new VzfsError('unsuitable', `cannot make a layer of this area: /${readablePath(entry.path)} ${why}`)
  }
  const inner = (id: number): number =>
    id >= base && id < base + IDS ? id - base : refuse(`belongs to ${id}, which is not one of the area's ids`)
  const xattrs = entry.xattrs.map(([name, value]) => {
    const bytes = Buffer.from(value, 'latin1')
    if (name.startsWith(ACL)) requireOwnIds(bytes, inner)
    if (name === CAPABILITY && bytes.length !== VERSION_3_BYTES) refuse('has a file capability for the whole node')
    const shifted = shiftXattr({ from: base, to: 0 }, name, bytes)
    return [name, (name === CAPABILITY ? ofWholeRoot(shifted) : shifted).toString('latin1')] as const
  })
  return { ...entry, uid: inner(entry.uid), gid: inner(entry.gid), xattrs }
}

const ACL = 'system.posix_acl_'
const ACL_NAMED = new Set([0x02, 0x08])

/** acl(5), linux/posix_acl_xattr.h */
function requireOwnIds(value: Buffer, inner: (id: number) => number): void {
  for (let at = 4; at + 8 <= value.length; at += 8) if (ACL_NAMED.has(value.readUInt16LE(at))) inner(value.readUInt32LE(at + 4))
}

const CAPABILITY = 'security.capability'
const VERSION_3_BYTES = 24
const VERSION_2 = 0x02

/**
 * One that names the area's own root is, in a layer, one for whichever root looks: version 2 names none. capabilities(7), linux/capability.h
 * "struct vfs_ns_cap_data"
 */
function ofWholeRoot(value: Buffer): Buffer {
  if (value.length !== VERSION_3_BYTES || value.readUInt32LE(20) !== 0) return value
  const plain = Buffer.from(value.subarray(0, 20))
  plain[3] = VERSION_2
  return plain
}
