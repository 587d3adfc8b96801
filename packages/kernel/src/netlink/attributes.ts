/** Attributes of rtnetlink(7): length, type and value, each from a multiple of 4 on. A value can be attributes again. */

import { aligned } from './message.ts'

export type Attribute = readonly [type: number, value: Buffer]

const HEADER_BYTES = 4
/** The two highest bits of a type are marks: NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const TYPE_MASK = 0x3fff

/** @throws RangeError for a value whose length does not fit 16 bits */
export function encodeAttributes(...attributes: readonly Attribute[]): Buffer {
  return Buffer.concat(
    attributes.map(([type, value]) => {
      const length = HEADER_BYTES + value.length
      const bytes = Buffer.alloc(aligned(length))
      bytes.writeUInt16LE(length, 0)
      bytes.writeUInt16LE(type, 2)
      bytes.set(value, HEADER_BYTES)
      return bytes
    }),
  )
}

/** By type; of those that are there twice, the last. Values are views into `bytes`. @throws when they end in the middle of one */
export function decodeAttributes(bytes: Buffer): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>()
  for (let start = 0; start < bytes.length;) {
    const rest = bytes.length - start
    const length = rest < HEADER_BYTES ? HEADER_BYTES : bytes.readUInt16LE(start)
    if (length < HEADER_BYTES || length > rest) throw new Error(`a netlink attribute of ${length} bytes came as ${rest} bytes`)
    attributes.set(bytes.readUInt16LE(start + 2) & TYPE_MASK, bytes.subarray(start + HEADER_BYTES, start + length))
    start += aligned(length)
  }
  return attributes
}

export const byte = (number: number): Buffer => Buffer.of(number)

export function u32(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(number)
  return bytes
}

/** With the NUL that ends it. */
export const text = (words: string): Buffer => Buffer.from(`${words}\0`)

export const textOf = (value: Buffer): string => value.toString('utf8').replace(/\0.*$/s, '')
