/**
 * A user namespace with one id map, owned by the host uid that is its own root, so that the kernel counts inotify instances, pending
 * signals, keys and the like per namespace and not against the host's root. user_namespaces(7).
 *
 * A multi-threaded process cannot make one for itself: a short-lived child makes it and dies when its stdin closes. Perl, because it does
 * in one process what setpriv, unshare and cat do in three executions, and every Debian has it (perl-base is essential).
 */

import { closeSync, openSync, read, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { startAttached } from '../process/attached.ts'
import { openPipe } from '../pty/pty.ts'

export interface IdMap {
  /** First host id; 0 inside. */
  readonly base: number
  readonly size: number
}

export interface UserNamespace extends Disposable {
  /** Open /proc/PID/ns/user; the namespace lives as long as this or a process in it. */
  readonly fd: number
}

export type UserNamespaces = (map: IdMap) => Promise<UserNamespace>

/** Becomes the id in every respect, makes the namespace, says so, and waits. 272 is unshare(2), 0x10000000 CLONE_NEWUSER. */
const UNSHARE = `
  my $id = shift;
  $( = $id; $) = "$id $id"; ($<, $>) = ($id, $id);
  syscall(272, 0x10000000) == 0 or exit 1;
  syswrite(STDOUT, '.');
  sysread(STDIN, my $end, 1);
`

export function realUserNamespaces(): UserNamespaces {
  return async ({ base, size }) => {
    const input = openPipe()
    const output = openPipe()
    try {
      const child = startAttached(['perl', '-e', UNSHARE, '--', `${base}`], { descriptors: [input.read, output.write, 'null'] })
      closeSync(output.write)
      const { bytesRead } = await promisify(read)(output.read, Buffer.alloc(1), 0, 1, null)
      if (bytesRead !== 1) {
        throw new Error(
          `cannot make a user namespace for host ids from ${base}: unshare refused; see sysctl user.max_user_namespaces`,
        )
      }
      for (const file of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${file}`, `0 ${base} ${size}`)
      const fd = openSync(`/proc/${child.pid}/ns/user`, 'r')
      return { fd, [Symbol.dispose]: () => closeSync(fd) }
    } finally {
      for (const end of [input.read, input.write, output.read]) closeSync(end)
    }
  }
}
