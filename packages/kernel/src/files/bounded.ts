/** Text that a tenant can make as long as it likes, like tables of proc(5). */

import { closeSync, openSync, readSync } from 'node:fs'

const PART = 65_536

/** Whole lines from its beginning, `most` bytes at most. */
export function readLines(path: string, most: number): string {
  const fd = openSync(path, 'r')
  try {
    const parts: Buffer[] = []
    for (let length = 0; length < most;) {
      const part = Buffer.allocUnsafe(Math.min(PART, most - length))
      const count = readSync(fd, part)
      if (count === 0) return Buffer.concat(parts).toString('latin1')
      parts.push(part.subarray(0, count))
      length += count
    }
    const text = Buffer.concat(parts).toString('latin1')
    return text.slice(0, text.lastIndexOf('\n') + 1)
  } finally {
    closeSync(fd)
  }
}
