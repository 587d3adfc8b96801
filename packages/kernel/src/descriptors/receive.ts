/** The supervisor's end of sd_notify(3): a datagram socket whose messages say who sent them and may carry descriptors. */

import { closeSync, fchmodSync, rmSync } from 'node:fs'
import { directCalls } from '../libc/direct.ts'
import { libc, SystemCallFailed } from '../libc/libc.ts'
import { incoming, received, socketAddress } from './message.ts'

export interface Notification {
  /** Of the sender, as the kernel saw it; 0 for one outside our pid namespace. */
  readonly pid: number
  /** "READY" -> "1". */
  readonly fields: ReadonlyMap<string, string>
  /** The listener owns them. */
  readonly descriptors: readonly number[]
}

const AF_UNIX = 1
const SOCK_DGRAM_CLOEXEC = 2 | 0x80000
const SOL_SOCKET = 1
const SO_PASSCRED = 16
const SO_RCVTIMEO = 20
const SHUT_RDWR = 2
const MSG_CMSG_CLOEXEC = 0x40000000
const SYS = { recvmsg: 47, shutdown: 48, setsockopt: 54 } as const
const EINTR = 4
const EAGAIN = 11
/** Longest sleep of the worker thread: the process could not exit before it wakes. */
const NAP_SECONDS = 1n

/** Listens at `path` (replaced if it is there; only our user may send). Messages come in order. */
export function receiveNotifications(path: string, onMessage: (message: Notification) => void): Disposable {
  const direct = directCalls()
  const setsockopt = direct('long (long number, int socket, int level, int name, const void *value, unsigned int size)')
  const shutdown = direct('long (long number, int socket, int how)')
  const recvmsg = direct.inWorker('long (long number, int socket, _Inout_ void *message, int flags)')
  const address = socketAddress(path)
  const socket = libc.socket('socket', AF_UNIX, SOCK_DGRAM_CLOEXEC, 0)
  const closed = new AbortController()

  const option = (name: number, value: Buffer): void => {
    const result = setsockopt(SYS.setsockopt, socket, SOL_SOCKET, name, value, value.length)
    if (result < 0) throw new SystemCallFailed(`setsockopt ${name}`, -result)
  }
  const loop = async (): Promise<void> => {
    while (!closed.signal.aborted) {
      const message = incoming()
      const length = await recvmsg(SYS.recvmsg, socket, message, MSG_CMSG_CLOEXEC)
      if (length === -EAGAIN || length === -EINTR) continue
      if (length < 0) throw new SystemCallFailed(`recvmsg from ${path}`, -length)
      const { pid, text, descriptors } = received(message, length)
      if (closed.signal.aborted) for (const descriptor of descriptors) closeSync(descriptor)
      else onMessage({ pid: pid ?? 0, fields: fieldsOf(text), descriptors })
    }
    closeSync(socket)
  }

  try {
    option(SO_PASSCRED, Buffer.of(1, 0, 0, 0))
    option(SO_RCVTIMEO, timeval(NAP_SECONDS))
    // The socket file takes its mode from here, so there is no moment in which others could send.
    fchmodSync(socket, 0o600)
    rmSync(path, { force: true })
    libc.bind(`bind ${path}`, socket, address, address.length)
  } catch (error) {
    closeSync(socket)
    throw error
  }
  void loop()
  return {
    [Symbol.dispose]() {
      if (closed.signal.aborted) return
      closed.abort()
      // recvmsg(2) in the worker thread ends at this.
      shutdown(SYS.shutdown, socket, SHUT_RDWR)
      rmSync(path, { force: true })
    },
  }
}

function fieldsOf(text: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=')
    if (equals > 0) fields.set(line.slice(0, equals), line.slice(equals + 1))
  }
  return fields
}

function timeval(seconds: bigint): Buffer {
  const value = Buffer.alloc(16)
  value.writeBigInt64LE(seconds)
  return value
}
