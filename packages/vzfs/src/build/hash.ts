/** SHA-256 of many files, by any number of threads that share one list and one cursor. */

import { createHash, hash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'

/** What the threads share; a plain value that can be handed to a worker thread. */
export interface HashWork {
  /** Absolute paths, latin1. */
  readonly paths: readonly string[]
  /** [next path to take, paths finished]. */
  readonly cursor: Int32Array<SharedArrayBuffer>
  /** 32 bytes for each path. */
  readonly digests: Uint8Array<SharedArrayBuffer>
}

export const DIGEST_BYTES = 32
const CHUNK = 1 << 20

export function hashWork(paths: readonly string[]): HashWork {
  return {
    paths,
    cursor: new Int32Array(new SharedArrayBuffer(8)),
    digests: new Uint8Array(new SharedArrayBuffer(paths.length * DIGEST_BYTES)),
  }
}

/** Takes paths until none is left. `progress` gets the number that all threads together have finished. */
export function takeWork(work: HashWork, progress: (done: number) => void = () => {}): void {
  const buffer = Buffer.allocUnsafeSlow(CHUNK)
  for (;;) {
    const index = Atomics.add(work.cursor, 0, 1)
    const path = work.paths[index]
    if (path === undefined) return
    work.digests.set(hashFile(Buffer.from(path, 'latin1'), buffer), index * DIGEST_BYTES)
    progress(Atomics.add(work.cursor, 1, 1) + 1)
  }
}

export function digestAt(work: HashWork, index: number): string {
  return Buffer.from(work.digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES)).toString('hex')
}

export function hashFile(path: Buffer, buffer: Buffer = Buffer.allocUnsafeSlow(CHUNK)): Uint8Array {
  const fd = openSync(path, 'r')
  try {
    const first = readSync(fd, buffer)
    if (first < buffer.length) return hash('sha256', buffer.subarray(0, first), 'buffer')
    const state = createHash('sha256')
    for (let count = first; count > 0; count = readSync(fd, buffer)) state.update(buffer.subarray(0, count))
    return state.digest()
  } finally {
    closeSync(fd)
  }
}
