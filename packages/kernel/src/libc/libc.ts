/**
 * The system calls that Node does not offer, through koffi, in the calling thread. Each returns what the manual page says or throws
 * SystemCallFailed with the errno. x86-64 numbers; only syscalls that never change number.
 */

import { constants as os } from 'node:os'
import { directCalls } from './direct.ts'

/** A system call said no. `code` is the errno's name, as in Node's own errors. */
export class SystemCallFailed extends Error {
  override readonly name = 'SystemCallFailed'
  readonly call: string
  readonly errno: number
  readonly code: string
  constructor(call: string, errno: number) {
    const code = Object.entries(os.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`
    super(`${call}: ${code}`)
    this.call = call
    this.errno = errno
    this.code = code
  }
}

const direct = directCalls()

/**
 * Declares a system call by its number (asm/unistd_64.h). `what` in the error is the call with its telling arguments. Parameters as in the
 * manual page; the kernel answers -errno, which no code of the engine can overwrite.
 */
function call(number: number, parameters: string): (what: string, ...args: unknown[]) => number {
  const native = direct(`long (long number, ${parameters})`)
  return (what, ...args) => {
    const result = native(number, ...args)
    if (result < 0) throw new SystemCallFailed(what, -result)
    return result
  }
}

export const libc = {
  unshare: call(272, 'int flags'),
  setns: call(308, 'int fd, int type'),
  mount: call(165, 'const char *source, const char *target, const char *type, unsigned long flags, const char *data'),
  umount2: call(166, 'const char *target, int flags'),
  openTree: call(428, 'int dirfd, const char *path, unsigned int flags'),
  mountSetattr: call(442, 'int dirfd, const char *path, unsigned int flags, const void *attr, unsigned long size'),
  moveMount: call(429, 'int fromfd, const char *from, int tofd, const char *to, unsigned int flags'),
  fsopen: call(430, 'const char *type, unsigned int flags'),
  fsconfig: call(431, 'int fd, unsigned int command, const char *key, const char *value, int aux'),
  fsmount: call(432, 'int fd, unsigned int flags, unsigned int attributes'),
  openat2: call(437, 'int dirfd, const char *path, const void *how, unsigned long size'),
  pidfdOpen: call(434, 'int pid, unsigned int flags'),
  prctl: call(157, 'int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d'),
  prctlInto: call(157, 'int option, _Out_ void *answer'),
  pipe2: call(293, '_Out_ int *ends, int flags'),
  fcntl: call(72, 'int fd, int operation, long argument'),
  ioctl: call(16, 'int fd, unsigned long request, _Inout_ void *argument'),
  wait4: call(61, 'int pid, _Out_ int *status, int options, void *usage'),
  waitid: call(247, 'int kind, unsigned int id, _Out_ void *info, int options, void *usage'),
  epollCreate1: call(291, 'int flags'),
  epollCtl: call(233, 'int epoll, int operation, int fd, const void *event'),
  setsockopt: call(54, 'int socket, int level, int option, const void *value, unsigned int length'),
  socket: call(41, 'int domain, int type, int protocol'),
  bind: call(49, 'int socket, const void *address, int length'),
  listen: call(50, 'int socket, int backlog'),
  quotactlFd: call(443, 'unsigned int fd, unsigned int command, unsigned int id, _Inout_ void *address'),
  memfdCreate: call(319, 'const char *name, unsigned int flags'),
  /** The address fits a number: user addresses end at 2^47. */
  mmap: call(9, 'unsigned long address, unsigned long length, int protection, int flags, int fd, long offset'),
  /** ioctl whose argument lies at an address that `mmap` gave. */
  ioctlAt: call(16, 'int fd, unsigned long request, unsigned long address'),
  pidfdGetfd: call(438, 'int pidfd, int fd, unsigned int flags'),
  fchdir: call(81, 'int fd'),
  chroot: call(161, 'const char *path'),
  /** Paths as bytes, with their closing NUL: tenants need not write UTF-8. */
  openat2Bytes: call(437, 'int dirfd, const void *path, const void *how, unsigned long size'),
  mknodat: call(259, 'int dirfd, const void *path, unsigned int mode, unsigned int device'),
  unlinkat: call(263, 'int dirfd, const void *path, int flags'),
  setfsuid: call(122, 'unsigned int uid'),
  setfsgid: call(123, 'unsigned int gid'),
  setgroups: call(116, 'unsigned long count, const void *groups'),
  capget: call(125, 'const void *header, _Out_ void *data'),
  capset: call(126, 'const void *header, const void *data'),
} as const

const EPOLL_WAIT = 232
const EINTR = -4
const EVENT_BYTES = 12
const MOST_EVENTS = 64
const waitInWorker = direct.inWorker('long libc_epoll_wait(long number, int epoll, _Out_ void *events, int most, int timeout)')

/** epoll_wait(2) in a worker thread; resolves with the 64-bit user data of the events, or [] at the timeout (milliseconds). */
export async function epollWait(epoll: number, timeout: number): Promise<bigint[]> {
  const events = Buffer.alloc(EVENT_BYTES * MOST_EVENTS)
  const count = await waitInWorker(EPOLL_WAIT, epoll, events, MOST_EVENTS, timeout)
  if (count < 0 && count !== EINTR) throw new SystemCallFailed('epoll_wait', -count)
  return eventsIn(events, count).map(({ data }) => data)
}

interface EpollEvent {
  readonly data: bigint
  readonly events: number
}

const waitHere = direct('long libc_epoll_wait_here(long number, int epoll, _Out_ void *events, int most, int timeout)')

/** epoll_wait(2) in the calling thread, which stands still meanwhile; [] at the timeout, too. */
export function waitForEvents(epoll: number, timeout: number): EpollEvent[] {
  const events = Buffer.alloc(EVENT_BYTES * MOST_EVENTS)
  const count = waitHere(EPOLL_WAIT, epoll, events, MOST_EVENTS, timeout)
  if (count < 0 && count !== EINTR) throw new SystemCallFailed('epoll_wait', -count)
  return eventsIn(events, count)
}

function eventsIn(events: Buffer, count: number): EpollEvent[] {
  return Array.from({ length: Math.max(0, count) }, (_, index) => ({
    events: events.readUInt32LE(index * EVENT_BYTES),
    data: events.readBigUInt64LE(index * EVENT_BYTES + 4),
  }))
}
