/** SHA-256 of files. */

import { createHash, hash } from 'node:crypto'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { type Shared, sharedCursor } from './crew.ts'

/** Many files at once, for a crew. */
export interface HashTask extends Shared {
  readonly kind: 'hash'
  readonly count: number
  /** Absolute, latin1. */
  readonly paths: readonly string[]
  /** 32 bytes for each path. */
  readonly digests: Uint8Array<SharedArrayBuffer>
}

const DIGEST_BYTES = 32
const CHUNK = 1 << 20

export function hashTask(paths: readonly string[]): HashTask {
  const digests = new Uint8Array(new SharedArrayBuffer(paths.length * DIGEST_BYTES))
  return { kind: 'hash', count: paths.length, paths, digests, ...sharedCursor() }
}

export function hashOne(task: HashTask, index: number): void {
  task.digests.set(hashFile(Buffer.from(task.paths[index] ?? '', 'latin1')), index * DIGEST_BYTES)
}

export function digestAt(task: HashTask, index: number): string {
  return Buffer.from(task.digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)).toString('hex')
}

export function hashFile(path: Buffer): Buffer {
  // Reading is not using: the time of last access is the owner's.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOATIME)
  try {
    const first = readSync(fd, chunk)
    if (first < chunk.length) return hash('sha256', chunk.subarray(0, first), 'buffer')
    const state = createHash('sha256')
    for (let count = first; count > 0; count = readSync(fd, chunk)) state.update(chunk.subarray(0, count))
    return state.digest()
  } finally {
    closeSync(fd)
  }
}

/** Working space of this thread; holds nothing between calls, which are synchronous. */
const chunk = Buffer.allocUnsafeSlow(CHUNK)
