/**
 * Datagrams with descriptors between unix sockets: struct msghdr and what hangs on it, laid out in one buffer, so that nothing which the
 * kernel follows can be collected while it does. sendmsg(2), recvmsg(2), unix(7), cmsg(3).
 */

import koffi from 'koffi'

const AF_UNIX = 1
const SOL_SOCKET = 1
const SCM_RIGHTS = 1
const SCM_CREDENTIALS = 2
/** sun_path, with its closing NUL. */
const MOST_PATH = 108

/** Places in the buffer: msghdr, the one iovec, the address, the control data, and then the payload. */
const VECTOR = 64
const ADDRESS = 80
const CONTROL = 192
const CONTROL_HEADER = 16
/** The kernel's SCM_MAX_FD descriptors, and the credentials. */
const MOST_DESCRIPTORS = 253
const MOST_CONTROL = align(CONTROL_HEADER + 4 * MOST_DESCRIPTORS) + align(CONTROL_HEADER + 12)
const MOST_TEXT = 4096

export interface ReceivedMessage {
  /** Sender, when the socket has SO_PASSCRED. */
  readonly pid: number | null
  readonly text: string
  /** Ours now. */
  readonly descriptors: number[]
}

/** struct sockaddr_un of a path, or of an abstract name when it starts with "@". @throws TypeError when it is too long */
export function socketAddress(path: string): Buffer {
  const abstract = path.startsWith('@')
  const name = Buffer.from(abstract ? `\0${path.slice(1)}` : `${path}\0`)
  if (name.length > MOST_PATH) throw new TypeError(`the socket path ${path} is longer than ${MOST_PATH - 1} bytes`)
  const family = Buffer.alloc(2)
  family.writeUInt16LE(AF_UNIX)
  return Buffer.concat([family, name])
}

/** A msghdr to send `text` and perhaps a descriptor to `address`. */
export function outgoing(address: Buffer, text: string, descriptor?: number): Buffer {
  const payload = Buffer.from(text)
  const control = Buffer.alloc(descriptor === undefined ? 0 : align(CONTROL_HEADER + 4))
  if (descriptor !== undefined) {
    control.writeBigUInt64LE(BigInt(CONTROL_HEADER + 4), 0)
    control.writeInt32LE(SOL_SOCKET, 8)
    control.writeInt32LE(SCM_RIGHTS, 12)
    control.writeInt32LE(descriptor, CONTROL_HEADER)
  }
  const message = layOut(address.length, control.length, payload.length)
  address.copy(message, ADDRESS)
  control.copy(message, CONTROL)
  payload.copy(message, CONTROL + control.length)
  return message
}

/** A msghdr with room for any message. */
export function incoming(): Buffer {
  return layOut(0, MOST_CONTROL, MOST_TEXT)
}

/** What recvmsg(2) put into `incoming()`, when it returned `length`. */
export function received(message: Buffer, length: number): ReceivedMessage {
  const end = CONTROL + Number(message.readBigUInt64LE(40))
  const descriptors: number[] = []
  let pid: number | null = null
  for (let at = CONTROL; at + CONTROL_HEADER <= end;) {
    const size = Number(message.readBigUInt64LE(at))
    if (size < CONTROL_HEADER) break
    const type = message.readInt32LE(at + 12)
    if (type === SCM_CREDENTIALS) pid = message.readInt32LE(at + CONTROL_HEADER)
    if (type === SCM_RIGHTS) {
      for (let fd = at + CONTROL_HEADER; fd + 4 <= at + size; fd += 4) descriptors.push(message.readInt32LE(fd))
    }
    at += align(size)
  }
  const payload = CONTROL + MOST_CONTROL
  return { pid, text: message.toString('utf8', payload, payload + length), descriptors }
}

function layOut(address: number, control: number, payload: number): Buffer {
  const message = Buffer.alloc(CONTROL + control + payload)
  const base = koffi.address(message)
  if (address > 0) message.writeBigUInt64LE(base + BigInt(ADDRESS), 0)
  message.writeUInt32LE(address, 8)
  message.writeBigUInt64LE(base + BigInt(VECTOR), 16)
  message.writeBigUInt64LE(1n, 24)
  if (control > 0) message.writeBigUInt64LE(base + BigInt(CONTROL), 32)
  message.writeBigUInt64LE(BigInt(control), 40)
  message.writeBigUInt64LE(base + BigInt(CONTROL + control), VECTOR)
  message.writeBigUInt64LE(BigInt(payload), VECTOR + 8)
  return message
}

function align(size: number): number {
  return Math.ceil(size / 8) * 8
}
