/**
 * mknodat(2) in a caller's place: its root and working directory, its user, groups and umask, and no capability that it has not got, but for the
 * one that it lacks. The kernel itself then walks the path and asks for permissions. Never across a mount: behind one could be a file system
 * that the caller serves itself, or one whose devices cannot be opened anyway. path_resolution(7), credentials(7), capabilities(7).
 */

import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs'
import { libc, SystemCallFailed } from '../libc/libc.ts'
import { actAs } from '../process/act-as.ts'
import { AT_FDCWD, type Credentials, type DeviceNode, type MadeDevice } from './seccomp.ts'

const O_PATH = 0x200000
const O_CLOEXEC = 0x80000
const RESOLVE_NO_XDEV = 0x01n
const RESOLVE_NO_MAGICLINKS = 0x02n
const CAP_DAC_OVERRIDE = 1n << 1n
const CAP_DAC_READ_SEARCH = 1n << 2n
const CAP_MKNOD = 1n << 27n
const ENOENT = 2
const EXDEV = 18
const DIRECTORY = O_PATH | constants.O_DIRECTORY
const SLASH = 0x2f

/** @param at names a file of the caller's directory in /proc */
export function makeDeviceAs(caller: Credentials, at: (name: string) => string, node: DeviceNode): MadeDevice {
  const slash = node.path.lastIndexOf(SLASH)
  const name = node.path.subarray(slash + 1)
  // Neither can be made; what exactly is wrong with it the kernel knows.
  if (['', '.', '..'].includes(name.toString('latin1'))) throw new SystemCallFailed('mknod of no name', ENOENT)
  const parent = slash < 0 ? Buffer.from('.') : node.path.subarray(0, slash + 1)
  const fileSystem = statSync(`/proc/${node.rootOf}/root/`).dev

  const directory = insideRootOf(at, startOf(at, node, slash === 0 || node.path[0] === SLASH), () => {
    const search = caller.effective & (CAP_DAC_OVERRIDE | CAP_DAC_READ_SEARCH) ? CAP_DAC_READ_SEARCH : 0n
    return actAs(caller, search, () => openBelow(AT_FDCWD, parent, DIRECTORY))
  })
  try {
    const { dev, uid, gid } = fstatSync(directory)
    if (dev !== fileSystem) throw new SystemCallFailed('mknod on another file system', EXDEV)
    const owned = [uid, gid].every((id) => id >= node.ids.base && id < node.ids.base + node.ids.size)
    const override = owned ? caller.effective & CAP_DAC_OVERRIDE : 0n
    actAs(caller, CAP_MKNOD | override, () => make(directory, name, node))
  } catch (error) {
    closeSync(directory)
    throw error
  }
  return {
    takeBack: () => {
      if (isThere(directory, name, node)) libc.unlinkat('unlinkat', directory, terminated(name), 0)
    },
    [Symbol.dispose]: () => closeSync(directory),
  }
}

function make(directory: number, name: Buffer, node: DeviceNode): void {
  try {
    libc.mknodat('mknodat', directory, terminated(name), constants.S_IFCHR | (node.mode & 0o7777), numberOf(node.device))
  } catch (error) {
    if (!node.again || !(error instanceof SystemCallFailed) || error.code !== 'EEXIST') throw error
    if (!isThere(directory, name, node)) throw error
  }
}

function isThere(directory: number, name: Buffer, node: DeviceNode): boolean {
  try {
    const fd = openBelow(directory, name, O_PATH | constants.O_NOFOLLOW)
    const stat = fstatSync(fd)
    closeSync(fd)
    return stat.isCharacterDevice() && stat.rdev === numberOf(node.device)
  } catch {
    return false
  }
}

function startOf(at: (name: string) => string, { directory }: DeviceNode, absolute: boolean): string {
  if (absolute) return at('root')
  return at(directory === AT_FDCWD ? 'cwd' : `fd/${directory}`)
}

/** Threads share root and working directory: nothing else of this process may run meanwhile, so `body` is synchronous. */
function insideRootOf(at: (name: string) => string, start: string, body: () => number): number {
  const own = openSync('/', DIRECTORY)
  const opened = [own]
  try {
    const [root, begin] = [at('root'), start].map((path) => {
      const fd = openSync(path, DIRECTORY)
      opened.push(fd)
      return fd
    })
    try {
      libc.fchdir('fchdir to the root of the caller', root)
      libc.chroot('chroot', '.')
      libc.fchdir('fchdir to the directory of the caller', begin)
      return body()
    } finally {
      libc.fchdir('fchdir back', own)
      libc.chroot('chroot back', '.')
    }
  } finally {
    for (const fd of opened) closeSync(fd)
  }
}

function openBelow(directory: number, path: Buffer, flags: number): number {
  const how = Buffer.alloc(24)
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0)
  how.writeBigUInt64LE(RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV, 16)
  return libc.openat2Bytes('openat2', directory, terminated(path), how, how.length)
}

/** As mknod(2) and stat(2) have it: makedev(3), the lower 32 bits. */
function numberOf({ major, minor }: DeviceNode['device']): number {
  return ((major & 0xfff) << 8) | (minor & 0xff) | ((minor & 0xfff00) << 12)
}

const terminated = (path: Buffer): Buffer => Buffer.concat([path, Buffer.from([0])])
