/**
 * Receives one descriptor that another program sends over a unix stream socket (SCM_RIGHTS, unix(7)), as an OCI runtime hands over the
 * master of a pty it made inside a container (--console-socket).
 */

import { closeSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import koffi from 'koffi'
import { libc } from '../libc/libc.ts'

const AF_UNIX = 1
const SOCK_STREAM_CLOEXEC = 1 | 0x80000
const MSG_CMSG_CLOEXEC = 0x40000000
/** struct cmsghdr (16 bytes) and one int, aligned to 8. */
const CONTROL_BYTES = 24

const library = koffi.load('libc.so.6')
const accept4 = library.func('int accept4(int socket, void *address, void *length, int flags)')
const recvmsg = library.func('long recvmsg(int socket, _Inout_ void *message, int flags)')

export interface Handover {
  /** The descriptor, or null when the sender went away or `cancel` was called. */
  readonly received: Promise<number | null>
  /** Stops waiting. */
  cancel(): void
}

/** Listens at `path` (made here, at most 107 bytes) for one sender. */
export function awaitDescriptor(path: string): Handover {
  const listener = libc.socket('socket', AF_UNIX, SOCK_STREAM_CLOEXEC, 0)
  const name = Buffer.alloc(110)
  name.writeUInt16LE(AF_UNIX, 0)
  name.write(path, 2)
  libc.bind(`bind ${path}`, listener, name, 3 + Buffer.byteLength(path))
  libc.listen(`listen ${path}`, listener, 1)
  const received = new Promise<number | null>((resolve) => {
    accept4.async(listener, null, null, 0x80000, (error: Error | null, connection: number) => {
      closeSync(listener)
      rmSync(path, { force: true })
      resolve(error || connection < 0 ? null : receive(connection))
    })
  })
  return {
    received,
    cancel: () => {
      // accept(2) in the worker thread ends when somebody connects.
      const wake = createConnection(path)
      wake.on('error', () => undefined)
      wake.on('connect', () => wake.destroy())
    },
  }
}

/** The sender has connected, and sends at once or closes: this does not wait for long. */
function receive(connection: number): Promise<number | null> {
  const payload = Buffer.alloc(4096)
  const control = Buffer.alloc(CONTROL_BYTES)
  const vector = Buffer.alloc(16)
  const message = Buffer.alloc(56)
  vector.writeBigUInt64LE(koffi.address(payload), 0)
  vector.writeBigUInt64LE(BigInt(payload.length), 8)
  message.writeBigUInt64LE(koffi.address(vector), 16)
  message.writeBigUInt64LE(1n, 24)
  message.writeBigUInt64LE(koffi.address(control), 32)
  message.writeBigUInt64LE(BigInt(CONTROL_BYTES), 40)
  return new Promise((resolve) => {
    recvmsg.async(connection, message, MSG_CMSG_CLOEXEC, (error: Error | null, count: number | bigint) => {
      closeSync(connection)
      // Held until here: the kernel wrote through their addresses.
      const kept = [payload, vector]
      const complete = kept.length === 2 && error === null && Number(count) > 0 && message.readBigUInt64LE(40) >= 20n
      resolve(complete ? control.readInt32LE(16) : null)
    })
  })
}
