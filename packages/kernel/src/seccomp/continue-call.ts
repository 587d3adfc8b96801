/** For a call that whoever worked on it will not answer any more: the kernel does it, for what the caller itself may do. */

import { SystemCallFailed, libc } from '../libc/libc.ts'
import { response, SEND } from './layout.ts'
import type { Call } from './seccomp.ts'

/** @param fd its listener. One that was answered meanwhile, or whose caller has died, is no error. */
export function continueCall(fd: number, { id }: Call): void {
  try {
    libc.ioctl('SECCOMP_IOCTL_NOTIF_SEND', fd, SEND, response(id, { kind: 'continue' }))
  } catch (error) {
    if (!(error instanceof SystemCallFailed) || (error.code !== 'ENOENT' && error.code !== 'EINPROGRESS')) throw error
  }
}
