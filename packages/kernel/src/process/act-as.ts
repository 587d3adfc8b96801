/** System calls under somebody else's identity, so that the kernel asks for that one's permissions. credentials(7), capabilities(7), setfsuid(2) */

import { libc } from '../libc/libc.ts'
import { parentDeathSignal, setParentDeathSignal } from './die-with-parent.ts'

export interface FileIdentity {
  readonly fileUid: number
  readonly fileGid: number
  readonly groups: readonly number[]
  /** Of this process when absent. */
  readonly umask?: number
}

/** Runs `body` with this identity and no capability but these. Only the calling thread changes, so `body` is synchronous. */
export function actAs<T>(identity: FileIdentity, capabilities: bigint, body: () => T): T {
  const before = ownCapabilities()
  const groups = process.getgroups?.() ?? []
  const umask = identity.umask === undefined ? process.umask() : process.umask(identity.umask)
  // The kernel forgets it whenever a thread becomes somebody else.
  const deathSignal = parentDeathSignal()
  try {
    setGroups(identity.groups)
    libc.setfsgid('setfsgid', identity.fileGid)
    libc.setfsuid('setfsuid', identity.fileUid)
    setCapabilities({ ...before, effective: capabilities })
    return body()
  } finally {
    setCapabilities(before)
    libc.setfsuid('setfsuid back', process.geteuid?.() ?? 0)
    libc.setfsgid('setfsgid back', process.getegid?.() ?? 0)
    setGroups(groups)
    process.umask(umask)
    setParentDeathSignal(deathSignal)
  }
}

interface Capabilities {
  readonly effective: bigint
  readonly permitted: bigint
  readonly inheritable: bigint
}

/** struct __user_cap_header_struct, version 3, of this thread. */
const HEADER = Buffer.from([0x22, 0x05, 0x08, 0x20, 0, 0, 0, 0])

/** struct __user_cap_data_struct twice: the lower and the upper 32 of each set. */
function ownCapabilities(): Capabilities {
  const data = Buffer.alloc(24)
  libc.capget('capget', HEADER, data)
  const set = (at: number): bigint => (BigInt(data.readUInt32LE(at + 12)) << 32n) | BigInt(data.readUInt32LE(at))
  return { effective: set(0), permitted: set(4), inheritable: set(8) }
}

function setCapabilities({ effective, permitted, inheritable }: Capabilities): void {
  const data = Buffer.alloc(24)
  for (const [index, set] of [effective, permitted, inheritable].entries()) {
    data.writeUInt32LE(Number(set & 0xffffffffn), 4 * index)
    data.writeUInt32LE(Number(set >> 32n), 12 + 4 * index)
  }
  libc.capset('capset', HEADER, data)
}

function setGroups(groups: readonly number[]): void {
  const list = Buffer.alloc(4 * groups.length)
  for (const [index, group] of groups.entries()) list.writeUInt32LE(group, 4 * index)
  libc.setgroups('setgroups', groups.length, list)
}
