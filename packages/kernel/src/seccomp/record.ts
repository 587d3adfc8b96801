/**
 * The call that is being worked on, in memory that outlives who works on it. The kernel writes the notification there itself, so there is no
 * moment in which a call is received and nobody knows of it: such a caller would wait for ever. memfd_create(2).
 */

import { readSync, writeSync } from 'node:fs'
import { libc } from '../libc/libc.ts'
import { callIn, NOTIFICATION_BYTES } from './layout.ts'
import type { Call } from './seccomp.ts'

const MFD_CLOEXEC = 1
const PROT_READ_WRITE = 3
const MAP_SHARED = 1
/** The listener's key, then the notification. */
const NOTIFICATION = 8
const BYTES = NOTIFICATION + NOTIFICATION_BYTES

export interface CallRecord {
  /** Address that RECV writes to; the kernel wants to find zeros there. */
  readonly address: number
  /** Whose call comes next. */
  begin(key: number): void
  current(): Call | null
  clear(): void
}

/** A descriptor. Empty, to be handed to whoever works. */
export function newCallRecord(): number {
  const fd = libc.memfdCreate('memfd_create', 'insula-call', MFD_CLOEXEC)
  writeSync(fd, Buffer.alloc(BYTES), 0, BYTES, 0)
  return fd
}

/** What is being worked on now, or was when the worker ended. */
export function readCallRecord(fd: number): Call | null {
  const bytes = Buffer.alloc(BYTES)
  readSync(fd, bytes, 0, BYTES, 0)
  return callIn(Number(bytes.readBigUInt64LE(0)), bytes.subarray(NOTIFICATION))
}

export function openCallRecord(fd: number): CallRecord {
  const address = libc.mmap('mmap', 0, BYTES, PROT_READ_WRITE, MAP_SHARED, fd, 0)
  const zeros = Buffer.alloc(BYTES)
  const key = Buffer.alloc(NOTIFICATION)
  return {
    address: address + NOTIFICATION,
    begin(number) {
      key.writeBigUInt64LE(BigInt(number))
      writeSync(fd, key, 0, key.length, 0)
    },
    current: () => readCallRecord(fd),
    clear: () => void writeSync(fd, zeros, 0, BYTES, 0),
  }
}
