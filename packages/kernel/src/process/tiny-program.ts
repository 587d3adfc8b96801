/**
 * Programs of a few system calls, for what has to happen between fork and exec, or in a process that only holds something: nothing of
 * ours can run there, and the smallest interpreter that every Debian has (perl) costs 1.7 ms of CPU to start. These cost 0.2 ms. Each is
 * an ELF file of one segment in memory, with machine code for x86-64 that calls nothing but the kernel. elf(5), memfd_create(2)
 */

import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { arch } from 'node:os'
import { libc } from '../libc/libc.ts'

const MFD_CLOEXEC_EXEC = 0x11
const ELF_HEADER_BYTES = 64
const HEADERS_BYTES = ELF_HEADER_BYTES + 56
const ADDRESS = 0x400000n
const READ_EXECUTE = 5
const PAGE = 4096n

/**
 * Returns the path that starts it. It is there as long as this process.
 * @param code hexadecimal; begins with the stack as execve(2) leaves it, and must not return
 */
export function tinyProgram(name: string, code: readonly string[]): string {
  if (arch() !== 'x64') throw new Error(`the program ${name} is written for x86-64; this machine is ${arch()}`)
  const writable = libc.memfdCreate(`memfd_create(${name}); see sysctl vm.memfd_noexec`, name, MFD_CLOEXEC_EXEC)
  try {
    writeSync(writable, elf(Buffer.from(code.join(''), 'hex')))
    // What is open for writing cannot be executed.
    const program = openSync(`/proc/self/fd/${writable}`, constants.O_RDONLY)
    return `/proc/${process.pid}/fd/${program}`
  } finally {
    closeSync(writable)
  }
}

/** Little-endian bytes of a number within the code. */
export function immediate(number: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(number)
  return bytes.toString('hex')
}

function elf(code: Buffer): Buffer {
  const header = Buffer.alloc(HEADERS_BYTES)
  const size = BigInt(header.length + code.length)
  // Elf64_Ehdr: 64 bits, little-endian; an executable for x86-64; where it begins, and where its only segment is told.
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  header.writeUInt16LE(2, 16)
  header.writeUInt16LE(62, 18)
  header.writeUInt32LE(1, 20)
  header.writeBigUInt64LE(ADDRESS + BigInt(HEADERS_BYTES), 24)
  header.writeBigUInt64LE(BigInt(ELF_HEADER_BYTES), 32)
  header.writeUInt16LE(ELF_HEADER_BYTES, 52)
  header.writeUInt16LE(HEADERS_BYTES - ELF_HEADER_BYTES, 54)
  header.writeUInt16LE(1, 56)
  // Elf64_Phdr: the whole file, to be read and executed.
  header.writeUInt32LE(1, 64)
  header.writeUInt32LE(READ_EXECUTE, 68)
  for (const field of [80, 88]) header.writeBigUInt64LE(ADDRESS, field)
  for (const field of [96, 104]) header.writeBigUInt64LE(size, field)
  header.writeBigUInt64LE(PAGE, 112)
  return Buffer.concat([header, code])
}
