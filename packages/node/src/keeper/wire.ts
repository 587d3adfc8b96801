/**
 * The bytes between insulad and insula-keeper: frames of one type byte, a 32-bit big-endian length, and a payload. Control frames carry
 * JSON; the others carry a stream's bytes. One connection is either for calls or for one stream.
 */

import type { Socket } from 'node:net'
import type { ExitReport } from './keeper.ts'

export const FRAME = { stdin: 0, stdout: 1, stderr: 2, control: 3 } as const
export type FrameType = (typeof FRAME)[keyof typeof FRAME]

/** Longest payload that is accepted. */
const MOST = 4 * 1024 * 1024

export type Call = { readonly n: number; readonly op: string; readonly args: readonly unknown[] }
export type Answer =
  | { readonly n: number; readonly ok: unknown }
  | { readonly n: number; readonly error: { readonly message: string; readonly code: string } }
  | { readonly exit: ExitReport }

export function encodeFrame(type: FrameType, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(5 + payload.length)
  frame[0] = type
  frame.writeUInt32BE(payload.length, 1)
  frame.set(payload, 5)
  return frame
}

export const encodeControl = (value: unknown): Buffer => encodeFrame(FRAME.control, Buffer.from(JSON.stringify(value)))

/** Cuts a byte stream into frames. Returns the function that takes the next chunk. @throws on a length that cannot be */
export function frameReader(onFrame: (type: number, payload: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    while (rest.length - at >= 5) {
      const length = rest.readUInt32BE(at + 1)
      if (length > MOST) throw new Error(`frame of ${length} bytes`)
      if (rest.length - at - 5 < length) break
      onFrame(rest[at] ?? 0, rest.subarray(at + 5, at + 5 + length))
      at += 5 + length
    }
    rest = rest.subarray(at)
  }
}

export const parseControl = (payload: Buffer): Record<string, unknown> =>
  JSON.parse(payload.toString()) as Record<string, unknown>

/** Resolves when the socket's buffer is empty again, or it is gone. All who wait at once wait for the same. */
export function drainOf(socket: Socket): () => Promise<void> {
  let drained: Promise<void> | null = null
  return () => {
    if (!socket.writableNeedDrain || socket.destroyed) return Promise.resolve()
    drained ??= new Promise((resolve) => {
      const done = (): void => {
        socket.off('drain', done)
        socket.off('close', done)
        drained = null
        resolve()
      }
      socket.on('drain', done)
      socket.on('close', done)
    })
    return drained
  }
}
