/**
 * The client's side of a WebSocket (RFC 6455) over a unix socket. `ws` would cost every `insula exec` about 30 ms to load
 * (docs/decisions/0012-websocket-client.md); this is the part of the protocol that one trusted local server needs. Frames are masked with
 * zeros: masking protects proxies from scripts in browsers, and there is neither here.
 */

import { type Socket, connect } from 'node:net'
import type { LocalNode } from './refused.ts'

export interface ClientSocket {
  /** `message` of text frames is a string. Called in order; set before anything else is awaited. */
  onMessage: ((message: Buffer | string) => void) | null
  /** Once, after the last message. 1000: in good order; 1006: the connection just ended. */
  onClose: ((code: number, reason: string) => void) | null
  /** More may be sent after `send` returned false. */
  onDrain: (() => void) | null
  sendText(text: string): void
  /** false: too much is waiting already; wait for onDrain. */
  sendBinary(channel: number, payload: Uint8Array): boolean
  pause(): void
  resume(): void
  close(code?: number): void
}

/** More than any frame insulad sends. */
const LONGEST_MESSAGE = 16 * 1024 * 1024
const HIGH_WATER = 256 * 1024
const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

/** A key that never changes and the answer to it (RFC 6455, 1.3): a nonce guards against caches, of which a unix socket has none. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

/** @throws ApiFailure when nobody listens or the server refuses the upgrade */
export async function openWebSocket(node: LocalNode, path: string): Promise<ClientSocket> {
  const { socket, answer } = await asked(node, path)
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer.head)?.[1] ?? 0)
  if (status !== 101) throw await (await import('./upgrade-refused.ts')).upgradeRefused(socket, status, answer)
  if (!answer.head.toLowerCase().includes(`sec-websocket-accept: ${ACCEPT.toLowerCase()}`)) {
    socket.destroy()
    throw new Error(`what listens at ${node.socketPath} does not speak WebSocket`)
  }
  return overSocket(socket, answer.rest)
}

async function asked(node: LocalNode, path: string): Promise<{ socket: Socket; answer: { head: string; rest: Buffer } }> {
  for (const since = performance.now(); ;) {
    const socket = connect({ path: node.socketPath })
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
    )
    try {
      return { socket, answer: await readHead(socket) }
    } catch (error) {
      socket.destroy()
      await (await import('./absence.ts')).awaitReturn(error, node, since)
    }
  }
}

async function readHead(socket: Socket): Promise<{ head: string; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let read: Buffer = Buffer.alloc(0)
    const done = (settle: () => void) => {
      socket.off('data', onData).off('error', onError).off('close', onClose)
      settle()
    }
    const onError = (error: Error) => done(() => reject(error))
    const onClose = () => done(() => reject(Object.assign(new Error('connection closed'), { code: 'ECONNRESET' })))
    const onData = (chunk: Buffer) => {
      read = read.length === 0 ? chunk : Buffer.concat([read, chunk])
      const end = read.indexOf('\r\n\r\n')
      if (end === -1 && read.length < 65_536) return
      socket.pause()
      done(() => resolve({ head: read.toString('latin1', 0, end === -1 ? read.length : end), rest: read.subarray(end + 4) }))
    }
    socket.on('data', onData).on('error', onError).on('close', onClose)
  })
}

function overSocket(socket: Socket, first: Buffer): ClientSocket {
  let closed: { code: number; reason: string } | null = null
  let told = false
  const messages = messageReader({
    message: (message) => self.onMessage?.(message),
    ping: (payload) => void write(Opcode.pong, payload),
    close: (code, reason) => {
      closed ??= { code, reason }
      if (!socket.writableEnded) {
        write(Opcode.close, closeBody(1000))
        socket.end()
      }
    },
    broken: (why) => {
      closed ??= { code: 1002, reason: why }
      socket.destroy()
    },
  })
  const write = (opcode: number, payload: Uint8Array, channel?: number): boolean => {
    if (socket.writableEnded || socket.destroyed) return true
    socket.cork()
    socket.write(header(opcode, payload.length, channel))
    if (payload.length > 0) socket.write(payload)
    socket.uncork()
    return socket.writableLength < HIGH_WATER
  }
  const self: ClientSocket = {
    onMessage: null,
    onClose: null,
    onDrain: null,
    sendText: (text) => void write(Opcode.text, Buffer.from(text)),
    sendBinary: (channel, payload) => write(Opcode.binary, payload, channel),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: (code = 1000) => {
      if (socket.writableEnded) return
      closed ??= { code, reason: '' }
      write(Opcode.close, closeBody(code))
      socket.end()
    },
  }
  const tellClosed = () => {
    if (told) return
    told = true
    self.onClose?.(closed?.code ?? 1006, closed?.reason ?? 'the connection ended')
  }
  socket
    .on('data', messages)
    .on('drain', () => self.onDrain?.())
    .on('error', () => socket.destroy())
    .on('end', () => socket.end())
    .on('close', tellClosed)
  // The caller sets its handlers in the same turn in which it receives the socket.
  setImmediate(() => {
    if (first.length > 0) messages(first)
    socket.resume()
  })
  return self
}

/** Header of a masked frame with a mask of zeros; the channel byte, if any, is part of the payload. */
function header(opcode: number, length: number, channel: number | undefined): Buffer {
  const extra = channel === undefined ? 0 : 1
  const total = length + extra
  const lengthBytes = total < 126 ? 0 : total < 65_536 ? 2 : 8
  const bytes = Buffer.alloc(2 + lengthBytes + 4 + extra)
  bytes[0] = 0x80 | opcode
  bytes[1] = 0x80 | (lengthBytes === 0 ? total : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) bytes.writeUInt16BE(total, 2)
  if (lengthBytes === 8) bytes.writeBigUInt64BE(BigInt(total), 2)
  if (channel !== undefined) bytes[bytes.length - 1] = channel
  return bytes
}

function closeBody(code: number): Buffer {
  const body = Buffer.alloc(2)
  body.writeUInt16BE(code)
  return body
}

interface Receiver {
  message(message: Buffer | string): void
  ping(payload: Buffer): void
  close(code: number, reason: string): void
  broken(why: string): void
}

/** Takes bytes as they come, gives whole messages. */
export function messageReader(to: Receiver): (chunk: Buffer) => void {
  let waiting: Buffer[] = []
  let size = 0
  /** Size at which it is worth looking again. */
  let need = 2
  let fragments: Buffer[] = []
  let fragmented: number | null = null
  let over = false

  const take = (bytes: Buffer): number => {
    const length = frameLength(bytes)
    if (length === null) return 0
    if (length.total > LONGEST_MESSAGE) return fail('a message is too long')
    if (bytes.length < length.total) {
      need = length.total
      return 0
    }
    const first = bytes[0] as number
    const opcode = first & 0x0f
    if ((first & 0x70) !== 0 || ((bytes[1] as number) & 0x80) !== 0) return fail('a frame is malformed')
    handle(opcode, (first & 0x80) !== 0, bytes.subarray(length.header, length.total))
    return length.total
  }
  const handle = (opcode: number, final: boolean, payload: Buffer) => {
    if (opcode === Opcode.ping) return to.ping(payload)
    if (opcode === Opcode.pong) return
    if (opcode === Opcode.close) {
      over = true
      return to.close(payload.length >= 2 ? payload.readUInt16BE(0) : 1005, payload.toString('utf8', 2))
    }
    if (opcode > Opcode.binary || (opcode === Opcode.continuation) !== (fragmented !== null))
      return void fail('a frame is out of place')
    const kind = fragmented ?? opcode
    if (!final) {
      fragmented = kind
      fragments.push(payload)
      if (fragments.reduce((sum, part) => sum + part.length, 0) > LONGEST_MESSAGE) fail('a message is too long')
      return
    }
    const whole = fragments.length === 0 ? payload : Buffer.concat([...fragments, payload])
    fragments = []
    fragmented = null
    to.message(kind === Opcode.text ? whole.toString('utf8') : whole)
  }
  const fail = (why: string): 0 => {
    over = true
    to.broken(why)
    return 0
  }
  return (chunk) => {
    waiting.push(chunk)
    size += chunk.length
    if (over || size < need) return
    let bytes = waiting.length === 1 ? chunk : Buffer.concat(waiting, size)
    need = 2
    for (let taken = take(bytes); taken > 0 && !over; taken = take(bytes)) {
      bytes = bytes.subarray(taken)
      need = 2
    }
    waiting = bytes.length === 0 ? [] : [bytes]
    size = bytes.length
  }
}

/** null while even the header is not there whole. */
function frameLength(bytes: Buffer): { header: number; total: number } | null {
  if (bytes.length < 2) return null
  const short = (bytes[1] as number) & 0x7f
  const header = short < 126 ? 2 : short === 126 ? 4 : 10
  if (bytes.length < header) return null
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))
  return { header, total: header + length }
}
