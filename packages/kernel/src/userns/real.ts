/**
 * UserNamespaces on the running kernel. A multi-threaded process cannot make one for itself: a short-lived child makes it and dies when its stdin
 * closes. Perl, because it does in one process what setpriv, unshare and cat do in three executions, and every Debian has it (perl-base is
 * essential).
 */

import { closeSync, openSync, read, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { type AttachedProcess, startAttached } from '../process/attached.ts'
import { openPipe } from '../pty/pty.ts'
import type { IdMap, UserNamespace, UserNamespaces } from './userns.ts'

/** Becomes the id in every respect, makes the namespace, says so, and waits. 272 is unshare(2), 0x10000000 CLONE_NEWUSER. */
const UNSHARE = `
  my $id = shift;
  $( = $id; $) = "$id $id"; ($<, $>) = ($id, $id);
  syscall(272, 0x10000000) == 0 or exit 1;
  syswrite(STDOUT, '.');
  sysread(STDIN, my $end, 1);
`

export function realUserNamespaces(): UserNamespaces {
  return async (map) => {
    try {
      return await make(map)
    } catch (error) {
      const { base, size } = map
      throw new Error(
        `cannot make a user namespace for the ${size} host ids from ${base}: ${(error as Error).message}; see sysctl user.max_user_namespaces`,
        { cause: error },
      )
    }
  }
}

async function make({ base, size }: IdMap): Promise<UserNamespace> {
  const [input, output] = [openPipe(), openPipe()]
  try {
    const child = startChild(base, input.read, output.write)
    const { bytesRead } = await promisify(read)(output.read, Buffer.alloc(1), 0, 1, null)
    if (bytesRead !== 1) throw new Error('unshare refused')
    for (const file of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${file}`, `0 ${base} ${size}`)
    const fd = openSync(`/proc/${child.pid}/ns/user`, 'r')
    return { fd, path: `/proc/${process.pid}/fd/${fd}`, [Symbol.dispose]: () => closeSync(fd) }
  } finally {
    for (const end of [input.read, input.write, output.read]) closeSync(end)
  }
}

/** Closes `output`, in any case: whoever reads from it has to see its end. */
function startChild(base: number, input: number, output: number): AttachedProcess {
  try {
    return startAttached(['perl', '-e', UNSHARE, '--', `${base}`], { descriptors: [input, output, 'null'] })
  } finally {
    closeSync(output)
  }
}
