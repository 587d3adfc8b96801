/** ConfinedRoot on the running kernel: openat2(2) with RESOLVE_IN_ROOT resolves every link inside the root. */

import { closeSync, constants, fchmodSync, fchownSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { libc, SystemCallFailed } from '../libc/libc.ts'
import type { ConfinedRoot } from './confined.ts'

const O_PATH = 0x200000
const O_CLOEXEC = 0x80000
const RESOLVE_IN_ROOT = 0x10n
const RESOLVE_NO_MAGICLINKS = 0x02n

export function openConfinedRoot(root: string): ConfinedRoot {
  const directory = openSync(root, O_PATH | constants.O_DIRECTORY)
  const open = (path: string, flags: number, mode: number): number | null => {
    const how = Buffer.alloc(24)
    how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0)
    how.writeBigUInt64LE(BigInt(mode), 8)
    how.writeBigUInt64LE(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, 16)
    try {
      return libc.openat2(`open ${path}`, directory, path, how, 24)
    } catch (error) {
      if (error instanceof SystemCallFailed && UNUSABLE.has(error.code)) return null
      throw error
    }
  }
  const read = (path: string, most: number): string | null => {
    const fd = open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY, 0)
    if (fd === null) return null
    try {
      return readRegular(fd, most)
    } finally {
      closeSync(fd)
    }
  }
  return {
    read,
    isDirectory(path) {
      const fd = open(path, O_PATH | constants.O_DIRECTORY, 0)
      if (fd !== null) closeSync(fd)
      return fd !== null
    },
    write(path, contents, mode, owner) {
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY
      const before = read(path, Buffer.byteLength(contents))
      if (before === contents) return false
      const fd = open(path, flags, mode)
      if (fd === null) return false
      try {
        if (!fstatSync(fd).isFile()) return false
        ftruncateSync(fd, 0)
        writeSync(fd, contents)
        fchownSync(fd, owner, owner)
        fchmodSync(fd, mode)
        return true
      } finally {
        closeSync(fd)
      }
    },
    [Symbol.dispose]: () => closeSync(directory),
  }
}

/** Answers of open that mean "the tenant has something else there", not "something is wrong with the node". */
const UNUSABLE = new Set([
  'ENOENT',
  'ENOTDIR',
  'ELOOP',
  'EISDIR',
  'ENXIO',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENAMETOOLONG',
  'EXDEV',
  'ETXTBSY',
])

function readRegular(fd: number, most: number): string | null {
  const { size } = fstatSync(fd)
  if (!fstatSync(fd).isFile() || size > most) return null
  const bytes = Buffer.alloc(size)
  let filled = 0
  while (filled < size) {
    const count = readSync(fd, bytes, filled, size - filled, filled)
    if (count === 0) break
    filled += count
  }
  return bytes.toString('utf8', 0, filled)
}
