/**
 * One thread that waits for its answer, by what proc(5) has of it. The directory is opened first and the notification checked after that: from
 * then on it is that thread's, whoever else may get its number.
 */

import { closeSync, constants, openSync, readFileSync, readlinkSync, readSync, writeSync } from 'node:fs'
import { readLines } from '../files/bounded.ts'
import { makeDeviceAs } from './device.ts'
import type { Caller, Credentials } from './seccomp.ts'
import { mayWrite } from './writable.ts'

const O_PATH = 0x200000
const PAGE = 4096n
/** Bytes of a table of mounts: more than any software has, and little enough to be read at each call. */
const MOST_MOUNTS = 256 * 1024

/** Null when it has died. */
export function openCaller(tid: number, isValid: () => boolean): Caller | null {
  const directory = unlessGone(() => openSync(`/proc/${tid}`, O_PATH | constants.O_DIRECTORY))
  if (directory === null) return null
  const at = (name: string): string => `/proc/self/fd/${directory}/${name}`
  const memory = unlessGone(() => openSync(at('mem'), constants.O_RDWR))
  if (memory === null || !isValid()) {
    closeSync(directory)
    if (memory !== null) closeSync(memory)
    return null
  }
  const read = (address: bigint, length: number): Buffer | null => {
    const bytes = Buffer.alloc(length)
    const count = address === 0n ? 0 : transfer(() => readSync(memory, bytes, 0, length, address))
    return count > 0 ? bytes.subarray(0, count) : null
  }
  const credentials = (): Credentials => credentialsIn(readFileSync(at('status'), 'utf8'))
  return {
    read,
    text(address, most) {
      const parts: Buffer[] = []
      // Page by page: the one after its end may not be there, or may be a file that takes long to read.
      for (let place = address, left = most; left > 0;) {
        const length = Math.min(left, Number(PAGE - (place % PAGE)))
        const part = read(place, length)
        if (part === null) return null
        const end = part.indexOf(0)
        if (end >= 0) return Buffer.concat([...parts, part.subarray(0, end)])
        if (part.length < length) return null
        parts.push(part)
        place += BigInt(length)
        left -= length
      }
      return null
    },
    write: (address, bytes) =>
      address !== 0n &&
      transfer(() => (mayWrite(at('maps'), address, bytes.length) ? writeAt(memory, bytes, address) : 0)) === bytes.length,
    credentials,
    sharesUserNamespace: (pid) => readlinkSync(at('ns/user')) === readlinkSync(`/proc/${pid}/ns/user`),
    // By the mount table: to ask the file itself could be to ask the caller, who serves its file system.
    isOnRootOf(fd, pid) {
      const mount = unlessGone(() => readFileSync(at(`fdinfo/${fd}`), 'utf8'))
      const id = /^mnt_id:\s*(\d+)$/m.exec(mount ?? '')?.[1]
      const device = deviceOfMount(readLines(at('mountinfo'), MOST_MOUNTS), (fields) => fields[0] === id)
      const root = deviceOfMount(readLines(`/proc/${pid}/mountinfo`, MOST_MOUNTS), (fields) => fields[4] === '/')
      return device !== null && device === root
    },
    makeDevice: (node) => makeDeviceAs(credentials(), at, node),
    isValid,
    [Symbol.dispose]() {
      closeSync(memory)
      closeSync(directory)
    },
  }
}

/** proc_pid_mountinfo(5), field 3. The last of several is the one on top. */
function deviceOfMount(mountinfo: string, wanted: (fields: readonly string[]) => boolean): string | null {
  return (
    mountinfo
      .split('\n')
      .map((line) => line.split(' '))
      .findLast(wanted)?.[2] ?? null
  )
}

/** Exported for its test. */
export function credentialsIn(status: string): Credentials {
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? ''
  const [uid, gid] = [field('Uid').split('\t').map(Number), field('Gid').split('\t').map(Number)]
  const umask = Number.parseInt(field('Umask'), 8)
  const [, effectiveUid, , fileUid] = uid
  const [, effectiveGid, , fileGid] = gid
  // A thread that has ended has no umask.
  if (
    effectiveUid === undefined ||
    fileUid === undefined ||
    effectiveGid === undefined ||
    fileGid === undefined ||
    Number.isNaN(umask)
  ) {
    throw new Error('the caller has ended')
  }
  return {
    effectiveUid,
    effectiveGid,
    fileUid,
    fileGid,
    groups: field('Groups').split(' ').filter(Boolean).map(Number),
    umask,
    effective: BigInt(`0x${field('CapEff') || '0'}`),
  }
}

/** What was transferred; 0 for memory that is not there or not the caller's to use. */
function transfer(call: () => number): number {
  try {
    return call()
  } catch {
    return 0
  }
}

/** Node takes no position beyond 2^53 for writing; user addresses end at 2^47. */
function writeAt(fd: number, bytes: Buffer, address: bigint): number {
  return address < 1n << 47n ? writeSync(fd, bytes, 0, bytes.length, Number(address)) : 0
}

function unlessGone<T>(open: () => T): T | null {
  try {
    return open()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // EACCES: it has ended so far that it has no memory any more.
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return null
    throw error
  }
}
