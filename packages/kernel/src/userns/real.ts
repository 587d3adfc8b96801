/**
 * UserNamespaces on the running kernel. A multi-threaded process cannot make one for itself: a short-lived child makes it and ends when its stdin
 * closes.
 */

import { closeSync, openSync, read, writeFileSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { SystemCallFailed } from '../libc/libc.ts'
import { type AttachedProcess, startAttached } from '../process/attached.ts'
import { immediate, tinyProgram } from '../process/tiny-program.ts'
import { openPipe } from '../pty/pty.ts'
import type { Direction, IdMap, UserNamespace, UserNamespaces } from './userns.ts'

const CLONE_NEWUSER = 0x10000000

/** Reads an id, becomes it in every respect, makes the namespace, tells errno in one byte (0: none), and waits. */
const UNSHARE = [
  '50', // push rax                  room for what is read and told
  '31ff', // xor edi, edi
  '4889e6', // mov rsi, rsp
  `ba${immediate(4)}`, // mov edx, 4
  '31c0', // xor eax, eax            read
  '0f05', // syscall
  '8b1c24', // mov ebx, [rsp]
  `bf${immediate(1)}`, // mov edi, 1
  `b8${immediate(116)}`, // mov eax  setgroups, to the id alone
  '0f05', // syscall
  '85c0752a', // test eax, eax; jnz tell
  '89df89de89da', // mov edi, ebx; mov esi, ebx; mov edx, ebx
  `b8${immediate(119)}`, // mov eax  setresgid
  '0f05', // syscall
  '85c07519', // test eax, eax; jnz tell
  '89df', // mov edi, ebx
  `b8${immediate(117)}`, // mov eax  setresuid
  '0f05', // syscall
  '85c0750c', // test eax, eax; jnz tell
  `bf${immediate(CLONE_NEWUSER)}`, // mov edi
  `b8${immediate(272)}`, // mov eax  unshare
  '0f05', // syscall
  // tell:
  'f7d8', // neg eax
  '890424', // mov [rsp], eax
  `bf${immediate(1)}`, // mov edi, 1
  '4889e6', // mov rsi, rsp
  `ba${immediate(1)}`, // mov edx, 1
  `b8${immediate(1)}`, // mov eax    write
  '0f05', // syscall
  '31ff', // xor edi, edi
  `ba${immediate(1)}`, // mov edx, 1
  '31c0', // xor eax, eax            read
  '0f05', // syscall
  `b8${immediate(60)}`, // mov eax   exit
  '0f05', // syscall
]

let unshareProgram: string | null = null

export function realUserNamespaces(): UserNamespaces {
  return async (map, direction = 'from disk') => {
    try {
      return await make(map, direction)
    } catch (error) {
      const { base, size } = map
      throw new Error(
        `cannot make a user namespace for the ${size} host ids from ${base}: ${(error as Error).message}; see sysctl user.max_user_namespaces`,
        { cause: error },
      )
    }
  }
}

async function make({ base, size }: IdMap, direction: Direction): Promise<UserNamespace> {
  const map = direction === 'from disk' ? `0 ${base} ${size}` : `${base} 0 ${size}\n0 ${base} 1`
  const [input, output] = [openPipe(), openPipe()]
  try {
    writeSync(input.write, Buffer.from(immediate(base), 'hex'))
    const child = startChild(input.read, output.write)
    const { bytesRead, buffer } = await promisify(read)(output.read, Buffer.alloc(1), 0, 1, null)
    if (bytesRead !== 1) throw new Error('the process that makes it was killed')
    if (buffer[0] !== 0) throw new SystemCallFailed('unshare', buffer[0] ?? 0)
    for (const file of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${file}`, map)
    const fd = openSync(`/proc/${child.pid}/ns/user`, 'r')
    return { fd, path: `/proc/${process.pid}/fd/${fd}`, [Symbol.dispose]: () => closeSync(fd) }
  } finally {
    for (const end of [input.read, input.write, output.read]) closeSync(end)
  }
}

/** Closes `output`, in any case: whoever reads from it has to see its end. */
function startChild(input: number, output: number): AttachedProcess {
  try {
    unshareProgram ??= tinyProgram('insula-unshare', UNSHARE)
    return startAttached([unshareProgram], { descriptors: [input, output, 'null'] })
  } finally {
    closeSync(output)
  }
}
