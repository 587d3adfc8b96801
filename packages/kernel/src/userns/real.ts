/**
 * UserNamespaces on the running kernel. A multi-threaded process cannot make one for itself: a short-lived child (`unshare -U cat`) makes
 * it and dies when its stdin closes.
 */

import { closeSync, openSync, read, writeFileSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { startAttached } from '../process/attached.ts'
import { openPipe } from '../pty/pty.ts'
import type { UserNamespaces } from './userns.ts'

export function realUserNamespaces(): UserNamespaces {
  return async ({ base, size }) => {
    const input = openPipe()
    const output = openPipe()
    try {
      const child = startAttached(['unshare', '-U', 'cat'], {
        descriptors: [input.read, output.write, 'null'],
        uid: base,
        gid: base,
      })
      // What cat echoes proves that it runs, and so that the namespace is there.
      writeSync(input.write, '.')
      closeSync(output.write)
      const { bytesRead } = await promisify(read)(output.read, Buffer.alloc(1), 0, 1, null)
      if (bytesRead !== 1) {
        throw new Error(
          `cannot make a user namespace for host ids from ${base}: unshare refused; see sysctl user.max_user_namespaces`,
        )
      }
      for (const file of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${file}`, `0 ${base} ${size}`)
      const fd = openSync(`/proc/${child.pid}/ns/user`, 'r')
      return { fd, path: `/proc/${process.pid}/fd/${fd}`, [Symbol.dispose]: () => closeSync(fd) }
    } finally {
      for (const end of [input.read, input.write, output.read]) closeSync(end)
    }
  }
}
