/**
 * Messages to whatever supervises this process, systemd or our own supervisor: sd_notify(3). A supervisor that is absent, gone or slow is
 * no concern of the caller.
 */

import { libc, SystemCallFailed } from '../libc/libc.ts'
import { directCalls } from '../libc/direct.ts'
import { outgoing, socketAddress } from './message.ts'

const AF_UNIX = 1
const SOCK_DGRAM_CLOEXEC = 2 | 0x80000
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000
const SYS_SENDMSG = 46
const EBADF = 9
const EAGAIN = 11
const ENOBUFS = 105

/** Between attempts while the supervisor's queue is full. */
export const NOTIFY_RETRY_MS = 10

/** Sends at once or tells that the receiver's queue is full (false). @throws SystemCallFailed when `descriptor` is not open */
export type NotifySend = (text: string, descriptor?: number) => boolean

/** Tells the supervisor about this process, "READY=1" for instance. */
export function notify(text: string): void {
  const send = openNotifySocket()
  const attempt = (): void => {
    if (send && !send(text)) setTimeout(attempt, NOTIFY_RETRY_MS).unref()
  }
  attempt()
}

/** null when nobody supervises us. */
export function openNotifySocket(): NotifySend | null {
  const path = process.env['NOTIFY_SOCKET'] ?? ''
  if (!path.startsWith('/') && !path.startsWith('@')) return null
  const address = socketAddress(path)
  const socket = libc.socket('socket', AF_UNIX, SOCK_DGRAM_CLOEXEC, 0)
  const sendmsg = directCalls()('long (long number, int socket, const void *message, int flags)')
  return (text, descriptor) => {
    // By address each time: the supervisor may have been restarted, and listens on a new socket then.
    const result = sendmsg(SYS_SENDMSG, socket, outgoing(address, text, descriptor), MSG_DONTWAIT_NOSIGNAL)
    if (result === -EBADF) throw new SystemCallFailed(`sendmsg of descriptor ${descriptor}`, EBADF)
    return result !== -EAGAIN && result !== -ENOBUFS
  }
}
