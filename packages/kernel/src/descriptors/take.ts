/** A descriptor of another process, by its number there. pidfd_getfd(2). */

import { closeSync } from 'node:fs'
import { libc } from '../libc/libc.ts'

/** A copy that is closed on exec. @throws SystemCallFailed ESRCH, EBADF, EPERM */
export function takeDescriptor(pid: number, fd: number): number {
  const pidfd = libc.pidfdOpen(`pidfd_open(${pid})`, pid, 0)
  try {
    return libc.pidfdGetfd(`pidfd_getfd(${pid}, ${fd})`, pidfd, fd, 0)
  } finally {
    closeSync(pidfd)
  }
}
