/** Binary frames of exec and console sockets: the first byte names the stream, the rest is its bytes. */

export const Channel = { stdin: 0, stdout: 1, stderr: 2 } as const
export type Channel = (typeof Channel)[keyof typeof Channel]

export interface Frame {
  readonly channel: Channel
  readonly payload: Uint8Array
}

export function frame(channel: Channel, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(payload.length + 1)
  bytes[0] = channel
  bytes.set(payload, 1)
  return bytes
}

/** null if the frame is empty or names no known channel. The payload is a view, not a copy. */
export function unframe(bytes: Uint8Array): Frame | null {
  const channel = bytes[0]
  if (channel !== 0 && channel !== 1 && channel !== 2) return null
  return { channel, payload: bytes.subarray(1) }
}
