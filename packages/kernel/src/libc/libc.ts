/**
 * The system calls that Node does not offer, through koffi, in the calling thread. Each returns what the manual page says or throws
 * SystemCallFailed with the errno. x86-64 numbers; only syscalls that never change number.
 */

import { constants as os } from 'node:os'
import koffi from 'koffi'

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

const library = koffi.load('libc.so.6')

/** Declares a libc function whose negative result means failure. `what` in the error is the call with its telling arguments. */
function call(prototype: string): (what: string, ...args: unknown[]) => number {
  const native = library.func(prototype)
  return (what, ...args) => {
    const result = Number(native(...args))
    if (result < 0) throw new SystemCallFailed(what, koffi.errno())
    return result
  }
}

export const libc = {
  unshare: call('int unshare(int flags)'),
  setns: call('int setns(int fd, int type)'),
  mount: call('int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)'),
  umount2: call('int umount2(const char *target, int flags)'),
  openTree: call('long syscall(long number, int dirfd, const char *path, unsigned int flags)'),
  mountSetattr: call(
    'long syscall(long number, int dirfd, const char *path, unsigned int flags, const void *attr, unsigned long size)',
  ),
  moveMount: call('long syscall(long number, int fromfd, const char *from, int tofd, const char *to, unsigned int flags)'),
  openat2: call('long syscall(long number, int dirfd, const char *path, const void *how, unsigned long size)'),
  pidfdOpen: call('long syscall(long number, int pid, unsigned int flags)'),
  prctl: call('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)'),
  pipe2: call('int pipe2(_Out_ int *ends, int flags)'),
  posixOpenpt: call('int posix_openpt(int flags)'),
  unlockpt: call('int unlockpt(int fd)'),
  ioctl: call('int ioctl(int fd, unsigned long request, _Inout_ void *argument)'),
  waitpid: call('int waitpid(int pid, _Out_ int *status, int options)'),
  waitid: call('int waitid(int kind, unsigned int id, _Out_ void *info, int options)'),
  epollCreate1: call('int epoll_create1(int flags)'),
  epollCtl: call('int epoll_ctl(int epoll, int operation, int fd, const void *event)'),
  eventfd: call('int eventfd(unsigned int value, int flags)'),
  kill: call('int kill(int pid, int signal)'),
  socket: call('int socket(int domain, int type, int protocol)'),
  bind: call('int bind(int socket, const void *address, int length)'),
  listen: call('int listen(int socket, int backlog)'),
} as const

export const SYS = { pidfd_open: 434, open_tree: 428, move_mount: 429, openat2: 437, mount_setattr: 442 } as const

/** epoll_wait(2) in a worker thread; resolves with the 64-bit user data of the events, or [] at the timeout (milliseconds). */
export function epollWait(epoll: number, timeout: number): Promise<bigint[]> {
  const events = Buffer.alloc(12 * 64)
  return new Promise((resolve, reject) => {
    native.async(epoll, events, 64, timeout, (error: Error | null, count: number) => {
      if (error) return reject(error)
      const ready: bigint[] = []
      for (let index = 0; index < count; index++) ready.push(events.readBigUInt64LE(index * 12 + 4))
      resolve(ready)
    })
  })
}
const native = library.func('int epoll_wait(int epoll, _Out_ void *events, int most, int timeout)')
