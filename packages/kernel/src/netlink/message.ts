/** Messages of netlink(7): a header of 16 bytes and a body, one after another, each from a multiple of 4 on. In the byte order of the machine. */

export interface Message {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  readonly body: Buffer
}

export const HEADER_BYTES = 16

export const aligned = (length: number): number => Math.ceil(length / 4) * 4

export function encodeMessage({ type, flags, sequence, body }: Message): Buffer {
  const bytes = Buffer.alloc(aligned(HEADER_BYTES + body.length))
  bytes.writeUInt32LE(HEADER_BYTES + body.length, 0)
  bytes.writeUInt16LE(type, 4)
  bytes.writeUInt16LE(flags, 6)
  bytes.writeUInt32LE(sequence, 8)
  // The port number at 12 is 0: the kernel knows the sender's.
  bytes.set(body, HEADER_BYTES)
  return bytes
}

/** Bodies are views into `bytes`. @throws when they end in the middle of a message */
export function decodeMessages(bytes: Buffer): Message[] {
  const messages: Message[] = []
  for (let start = 0; start < bytes.length;) {
    const rest = bytes.length - start
    const length = rest < HEADER_BYTES ? HEADER_BYTES : bytes.readUInt32LE(start)
    if (length < HEADER_BYTES || length > rest) throw new Error(`a netlink message of ${length} bytes came as ${rest} bytes`)
    messages.push({
      type: bytes.readUInt16LE(start + 4),
      flags: bytes.readUInt16LE(start + 6),
      sequence: bytes.readUInt32LE(start + 8),
      body: bytes.subarray(start + HEADER_BYTES, start + length),
    })
    start += aligned(length)
  }
  return messages
}
