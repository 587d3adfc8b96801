/** Structures of linux/seccomp.h, kernel >= 6.6. */

import type { Answer, Architecture, Call } from './seccomp.ts'

/** struct seccomp_notif: id, pid, flags, and seccomp_data (nr, arch, instruction pointer, six arguments). */
export const NOTIFICATION_BYTES = 80
export const RECV = 0xc0_50_21_00
export const SEND = 0xc0_18_21_01
export const ID_VALID = 0x40_08_21_02
export const SET_FLAGS = 0x40_08_21_04
/** The listener is woken on the caller's CPU, which has nothing else to do meanwhile. The ioctl takes the flag itself; kernel >= 6.6. */
export const SYNC_WAKE_UP = 1

const FLAG_CONTINUE = 1
const AUDIT_ARCH_X86_64 = 0xc000003e
const AUDIT_ARCH_I386 = 0x40000003
const X32_BIT = 0x40000000

/** Null: no call lies there. */
export function callIn(key: number, notification: Buffer): Call | null {
  const id = notification.readBigUInt64LE(0)
  const tid = notification.readUInt32LE(8)
  // A thread that our pid namespace does not show is none that we could answer for.
  if (tid === 0) return null
  const number = notification.readUInt32LE(16)
  return {
    key,
    id,
    tid,
    architecture: architectureOf(notification.readUInt32LE(20), number),
    number: number & ~X32_BIT,
    args: Array.from({ length: 6 }, (_, index) => notification.readBigUInt64LE(32 + 8 * index)),
  }
}

/** struct seccomp_notif_resp. */
export function response(id: bigint, answer: Answer): Buffer {
  const bytes = Buffer.alloc(24)
  bytes.writeBigUInt64LE(id, 0)
  if (answer.kind === 'value') bytes.writeBigInt64LE(BigInt(answer.value), 8)
  if (answer.kind === 'error') bytes.writeInt32LE(-answer.errno, 16)
  if (answer.kind === 'continue') bytes.writeUInt32LE(FLAG_CONTINUE, 20)
  return bytes
}

function architectureOf(arch: number, number: number): Architecture {
  if (arch === AUDIT_ARCH_I386) return 'i386'
  if (arch !== AUDIT_ARCH_X86_64) return 'unknown'
  return number & X32_BIT ? 'x32' : 'x86-64'
}
