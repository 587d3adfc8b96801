/** A tar archive as a stream of bytes. tar(5), "POSIX ustar Archives" */

import { createReadStream } from 'node:fs'

export interface TarFile {
  /** At most 100 bytes. */
  readonly name: string
  readonly mode: number
  readonly size: number
  /** A file of the node that has so many bytes, or the bytes themselves. */
  readonly from: string | Uint8Array
}

const BLOCK = 512

export async function* tarOf(files: readonly TarFile[]): AsyncGenerator<Uint8Array> {
  for (const { name, mode, size, from } of files) {
    yield header(name, mode, size)
    let length = 0
    for await (const chunk of typeof from === 'string' ? (createReadStream(from) as AsyncIterable<Buffer>) : [from]) {
      length += chunk.length
      yield chunk
    }
    if (length !== size) throw new Error(`${name} should have ${size} bytes and has ${length}`)
    if (size % BLOCK !== 0) yield Buffer.alloc(BLOCK - (size % BLOCK))
  }
  yield Buffer.alloc(2 * BLOCK)
}

export function header(name: string, mode: number, size: number): Buffer {
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long a name`)
  const block = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, length: number): void =>
    void block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  block.write(name, 0)
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  block.write('        ', 148, 'latin1')
  block.write('0', 156, 'latin1')
  block.write('ustar\u{0}00', 257, 'latin1')
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}
