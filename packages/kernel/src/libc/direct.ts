/**
 * System calls whose error cannot get lost. libc leaves it in errno, and between a call and the question for errno the JavaScript engine
 * may make system calls of its own in this thread (a garbage collection that waits for its helpers leaves EAGAIN). So these calls go
 * to the kernel by a piece of machine code that does what syscall(2) of libc does but returns what the kernel says: a result, or -errno.
 */

import { arch } from 'node:os'
import koffi, { type KoffiFunc } from 'koffi'

/**
 * x86-64, called as `long f(long number, a1, ... a6)`: moves each argument one register down, a4 to r10 where the kernel
 * wants it, a6 from the stack. syscall(2), "Architecture calling conventions".
 */
const X86_64 = [
  'f30f1efa', // endbr64
  '4889f8', // mov rax, rdi
  '4889f7', // mov rdi, rsi
  '4889d6', // mov rsi, rdx
  '4889ca', // mov rdx, rcx
  '4d89c2', // mov r10, r8
  '4d89c8', // mov r8, r9
  '4c8b4c2408', // mov r9, [rsp+8]
  '0f05', // syscall
  'c3', // ret
].join('')

const PAGE = 4096
const PROT_READ_WRITE = 3
const PROT_READ_EXEC = 5
const MAP_PRIVATE_ANONYMOUS = 0x22

/** Declares a call: the prototype's first parameter is the system call's number. A negative result is -errno. */
export interface Direct {
  (prototype: string): (...args: readonly unknown[]) => number
  /** For a call that may sleep. It holds one of libuv's worker threads meanwhile, and the process cannot exit before it returns. */
  inWorker(prototype: string): (...args: readonly unknown[]) => Promise<number>
}

type Raw = (...args: unknown[]) => unknown

/** A new piece of code for each caller: callers are few and keep it for the life of their thread. */
export function directCalls(): Direct {
  if (arch() !== 'x64') throw new Error(`this kernel interface is written for x86-64; this machine is ${arch()}`)
  const library = koffi.load('libc.so.6')
  const mmap = library.func('void *mmap(void *address, unsigned long length, int protection, int flags, int fd, long offset)')
  const mprotect = library.func('int mprotect(void *address, unsigned long length, int protection)')
  const memcpy = library.func('void *memcpy(void *to, const void *from, unsigned long size)')
  const code = Buffer.from(X86_64, 'hex')
  const page: unknown = mmap(null, PAGE, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0)
  memcpy(page, code, code.length)
  if (mprotect(page, PAGE, PROT_READ_EXEC) !== 0) throw new Error('the kernel refuses to make memory executable for this process')
  const declare = (prototype: string): KoffiFunc<Raw> => koffi.decode(page, koffi.proto(prototype)) as KoffiFunc<Raw>
  const direct = (prototype: string): ((...args: readonly unknown[]) => number) => {
    const call = declare(prototype)
    return (...args) => Number(call(...args))
  }
  const inWorker = (prototype: string): ((...args: readonly unknown[]) => Promise<number>) => {
    const call = declare(prototype)
    return (...args) =>
      new Promise((resolve, reject) => {
        call.async(...args, (error: Error | null, result: unknown) => {
          // Naming the arguments here keeps them from being collected while the kernel uses them.
          if (error) reject(new Error(`a system call with ${args.length} arguments could not be started`, { cause: error }))
          else resolve(Number(result))
        })
      })
  }
  return Object.assign(direct, { inWorker })
}
