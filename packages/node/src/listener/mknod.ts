/**
 * mknod(2) and mknodat(2) of the character devices that can do no harm. Everything else goes on to the kernel, which refuses it with the right
 * errno: a user namespace's root has no CAP_MKNOD that counts.
 *
 * A node of /dev/console (5:1) would be the node's own console, for whoever opens it. What the VPS gets is /dev/tty (5:0): the terminal of the process that
 * opens it, so its own console for what runs there, and ENXIO for what has no terminal.
 */

import { type Answer, AT_FDCWD, type Call, type Caller, type MadeDevice, SystemCallFailed } from '@insula/kernel'
import type { ListenedVps } from './vps.ts'

export interface Mknod {
  readonly answer: Answer
  /** Taken back when the caller gave up before it could be told; disposed of in any case. */
  readonly made?: MadeDevice
}

interface Device {
  readonly major: number
  readonly minor: number
}

const CONSOLE = '5:1'
/** null, zero, full, random, urandom, tty. */
const HARMLESS = ['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', CONSOLE]
const TTY: Device = { major: 5, minor: 0 }
const CAP_MKNOD = 1n << 27n
const S_IFMT = 0o170000
const S_IFCHR = 0o020000
/** PATH_MAX, with its NUL. */
const PATH_BYTES = 4096
const CONTINUE: Mknod = { answer: { kind: 'continue' } }
/** What the caller has to hear from us: on the kernel's own way it would be refused before it came so far. */
const TOLD = ['ENOSPC', 'EDQUOT']

/** @param again an earlier attempt may have made it */
export function answerMknod(name: 'mknod' | 'mknodat', call: Call, caller: Caller, vps: ListenedVps, again: boolean): Mknod {
  const [directory = 0n, path = 0n, mode = 0n, number = 0n] = name === 'mknodat' ? call.args : [BigInt(AT_FDCWD), ...call.args]
  const device = deviceOf(Number(BigInt.asUintN(32, number)))
  const type = Number(BigInt.asUintN(16, mode)) & S_IFMT
  if (type !== S_IFCHR || !HARMLESS.includes(`${device.major}:${device.minor}`) || !mayMakeNodes(caller, vps)) return CONTINUE
  const text = caller.text(path, PATH_BYTES)
  if (text === null || text.length === 0 || !caller.isValid()) return CONTINUE
  try {
    const made = caller.makeDevice({
      directory: Number(BigInt.asIntN(32, directory)),
      path: text,
      mode: Number(BigInt.asUintN(16, mode)) & ~S_IFMT,
      device: `${device.major}:${device.minor}` === CONSOLE ? TTY : device,
      rootOf: vps.init,
      ids: vps,
      again,
    })
    return { answer: { kind: 'value', value: 0 }, made }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (error instanceof SystemCallFailed && TOLD.includes(code)) return { answer: { kind: 'error', errno: error.errno } }
    return CONTINUE
  }
}

/** Root of the VPS with the capability, in the VPS's own user namespace: below that one everybody can be root. */
function mayMakeNodes(caller: Caller, vps: ListenedVps): boolean {
  const { effectiveUid, effective } = caller.credentials()
  return effectiveUid === vps.base && (effective & CAP_MKNOD) !== 0n && caller.sharesUserNamespace(vps.init)
}

/** The kernel's new_decode_dev. */
function deviceOf(number: number): Device {
  return { major: (number & 0xfff00) >>> 8, minor: (number & 0xff) | ((number >>> 12) & 0xfff00) }
}
