/**
 * Pseudo-terminals and pipes as bare descriptors. pty(7), ioctl_tty(2), pipe(7). They need no privilege and are the same on every kernel, so
 * there is no fake of them; to give one to a user of a container does, which is why that is a call of its own.
 */

import { closeSync, constants, fchownSync, openSync } from 'node:fs'
import { libc } from '../libc/libc.ts'

const TIOCGPTN = 0x80045430
const TIOCSPTLCK = 0x40045431
const TIOCSWINSZ = 0x5414
const O_CLOEXEC = 0x80000
const F_GETFL = 3
const F_SETFL = 4

export interface Pty extends Disposable {
  /** Never blocks. */
  readonly master: number
  /** Kept open: a pty whose last slave is closed reads EIO, and init closes its own between uses. */
  readonly slave: number
  /** "/dev/pts/3", of this mount namespace. */
  readonly path: string
}

/** A new pty. */
export function openPty(): Pty {
  const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | O_CLOEXEC)
  try {
    libc.ioctl('TIOCSPTLCK', master, TIOCSPTLCK, Buffer.alloc(4))
    return adoptPty(master)
  } catch (error) {
    closeSync(master)
    throw error
  }
}

/** The pty of a master descriptor that another process opened. */
export function adoptPty(master: number): Pty {
  neverBlock(master)
  const number = Buffer.alloc(4)
  libc.ioctl('TIOCGPTN', master, TIOCGPTN, number)
  const path = `/dev/pts/${number.readUInt32LE(0)}`
  const slave = openSync(path, constants.O_RDWR | constants.O_NOCTTY)
  return {
    master,
    slave,
    path,
    [Symbol.dispose]: () => {
      closeSync(slave)
      closeSync(master)
    },
  }
}

/**
 * Reads and writes of this descriptor say EAGAIN instead of waiting: a terminal that nobody reads takes no more at some point. Node does not
 * see to it for the masters of ptys.
 */
export function neverBlock(fd: number): void {
  libc.fcntl('F_SETFL', fd, F_SETFL, libc.fcntl('F_GETFL', fd, F_GETFL, 0) | constants.O_NONBLOCK)
}

export function resizePty(master: number, cols: number, rows: number): void {
  const size = Buffer.alloc(8)
  size.writeUInt16LE(rows, 0)
  size.writeUInt16LE(cols, 2)
  libc.ioctl('TIOCSWINSZ', master, TIOCSWINSZ, size)
}

/** A pipe whose ends both close on exec. Node's own pipes are socket pairs, which a program cannot open again through /dev/stdout. */
export function openPipe(): { readonly read: number; readonly write: number } {
  const ends = [0, 0]
  libc.pipe2('pipe2', ends, O_CLOEXEC)
  return { read: ends[0] ?? -1, write: ends[1] ?? -1 }
}

/** Makes what the descriptor names belong to a user, who can then open it again through /dev/stdout. */
export type GiveDescriptor = (fd: number, uid: number, gid: number) => void

export const realGiveDescriptor: GiveDescriptor = fchownSync
