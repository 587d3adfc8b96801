/** The other end of `awaitDescriptor`, as an OCI runtime is it: for tests and for the fake of one. unix(7), SCM_RIGHTS. */

import { closeSync } from 'node:fs'
import { outgoing, socketAddress } from '../descriptors/message.ts'
import { directCalls } from '../libc/direct.ts'
import { libc, SystemCallFailed } from '../libc/libc.ts'

const AF_UNIX = 1
const SOCK_STREAM_CLOEXEC = 1 | 0x80000
const SYS = { connect: 42, sendmsg: 46 } as const

/** Connects to the socket at `path`, sends, and hangs up. No descriptor: hangs up at once. @throws SystemCallFailed */
export function sendDescriptor(path: string, descriptor: number | null, text = '.'): void {
  const direct = directCalls()
  const connect = direct('long (long number, int socket, const void *address, int length)')
  const sendmsg = direct('long (long number, int socket, const void *message, int flags)')
  const must = (what: string, result: number): void => {
    if (result < 0) throw new SystemCallFailed(`${what} ${path}`, -result)
  }
  const address = socketAddress(path)
  const socket = libc.socket('socket', AF_UNIX, SOCK_STREAM_CLOEXEC, 0)
  try {
    must('connect', connect(SYS.connect, socket, address, address.length))
    if (descriptor !== null) must('sendmsg', sendmsg(SYS.sendmsg, socket, outgoing(Buffer.alloc(0), text, descriptor), 0))
  } finally {
    closeSync(socket)
  }
}
