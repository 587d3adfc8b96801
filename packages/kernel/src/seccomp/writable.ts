/**
 * Whether a process itself might write there. proc_pid_mem(5) writes into private read-only memory too, as for a debugger, where the kernel
 * answers a system call with EFAULT. linux/fs.h, PROCMAP_QUERY, kernel >= 6.11.
 */

import { closeSync, openSync } from 'node:fs'
import { libc, SystemCallFailed } from '../libc/libc.ts'

const PROCMAP_QUERY = 0xc0_68_66_11
/** struct procmap_query, with no name and no build id wanted. */
const QUERY_BYTES = 104
const ADDRESS_AT = 16
const END_AT = 32
const FLAGS_AT = 40
const WRITABLE = 2n

let kernelTells = true

/**
 * @param maps its maps file, proc_pid_maps(5)
 * @returns false: a mapping that is there is not writable. True too where nothing is mapped, a stack may still grow there, and from kernels that
 * do not tell: who writes will see. Another thread of the process may change it in the next moment, to its own harm alone.
 */
export function mayWrite(maps: string, address: bigint, length: number): boolean {
  if (!kernelTells) return true
  const fd = openSync(maps, 'r')
  try {
    for (let place = address; place < address + BigInt(length);) {
      const mapping = mappingAt(fd, place)
      if (mapping === null) return true
      if (!mapping.writable) return false
      place = mapping.end
    }
    return true
  } finally {
    closeSync(fd)
  }
}

function mappingAt(fd: number, address: bigint): { end: bigint; writable: boolean } | null {
  const query = Buffer.alloc(QUERY_BYTES)
  query.writeBigUInt64LE(BigInt(QUERY_BYTES), 0)
  query.writeBigUInt64LE(address, ADDRESS_AT)
  try {
    libc.ioctl('PROCMAP_QUERY', fd, PROCMAP_QUERY, query)
  } catch (error) {
    if (!(error instanceof SystemCallFailed)) throw error
    if (error.code === 'ENOTTY') kernelTells = false
    return null
  }
  return { end: query.readBigUInt64LE(END_AT), writable: (query.readBigUInt64LE(FLAGS_AT) & WRITABLE) !== 0n }
}
