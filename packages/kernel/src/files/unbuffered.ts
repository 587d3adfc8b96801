/**
 * Reads a file from its disk and not from RAM, and leaves the page cache as it is: whoever looks for damage has to see what the disk holds, and
 * must not push the pages of others out. open(2), O_DIRECT
 */

import { closeSync, constants, openSync, readSync } from 'node:fs'
import koffi from 'koffi'

/** O_DIRECT wants memory, place and length in multiples of the disk's blocks. */
const BLOCK = 4096
const CHUNK = 1 << 20

/** Gives the file part by part, each valid until the next. Through RAM where the file system knows nothing else. */
export function* readUnbuffered(path: Buffer): Generator<Buffer> {
  const fd = openUnbuffered(path)
  try {
    for (;;) {
      const count = readSync(fd, chunk)
      if (count > 0) yield chunk.subarray(0, count)
      // Only the end of a file is not a whole chunk; to go on from there would not be in multiples.
      if (count < CHUNK) return
    }
  } finally {
    closeSync(fd)
  }
}

function openUnbuffered(path: Buffer): number {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  try {
    return openSync(path, flags | constants.O_DIRECT)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
    return openSync(path, flags)
  }
}

function aligned(): Buffer {
  const memory = Buffer.allocUnsafeSlow(CHUNK + BLOCK)
  const over = Number(koffi.address(memory) % BigInt(BLOCK))
  return memory.subarray(BLOCK - over, BLOCK - over + CHUNK)
}

/** Working space of this thread; holds nothing between calls. */
const chunk = aligned()
