/** Whether two files hold the same bytes. */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

const CHUNK = 1 << 18

export function sameContents(a: Buffer, b: Buffer): boolean {
  const first = openSync(a, constants.O_RDONLY | constants.O_NOATIME)
  try {
    const second = openSync(b, constants.O_RDONLY | constants.O_NOATIME)
    try {
      return fstatSync(first).size === fstatSync(second).size && sameBytes(first, second)
    } finally {
      closeSync(second)
    }
  } finally {
    closeSync(first)
  }
}

function sameBytes(a: number, b: number): boolean {
  for (;;) {
    const count = readFully(a, left)
    if (readFully(b, right) !== count) return false
    if (left.compare(right, 0, count, 0, count) !== 0) return false
    if (count < CHUNK) return true
  }
}

/** read(2) may give less than asked for. */
function readFully(fd: number, buffer: Buffer): number {
  let filled = 0
  while (filled < buffer.length) {
    const count = readSync(fd, buffer, filled, buffer.length - filled, null)
    if (count === 0) break
    filled += count
  }
  return filled
}

/** Working space of this thread; holds nothing between calls, which are synchronous. */
const left = Buffer.allocUnsafeSlow(CHUNK)
const right = Buffer.allocUnsafeSlow(CHUNK)
