/** Standard input and output of a pretended process: descriptors of its own, real pipes and terminals, that never hold up this thread. */

import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import type { Descriptor } from '../process/attached.ts'

export interface Stdio extends Disposable {
  /** All of standard input, once it has ended. */
  readAll(): Promise<Buffer>
  /** Resolves when all is written, so it waits for whoever reads. @throws when nobody reads any more */
  write(to: 'stdout' | 'stderr', chunk: Uint8Array): Promise<void>
}

/** The other end is most often in this process, and at work within a few turns of its loop. */
const TURNS = 20
const POLL_MS = 2

/** Opens each anew, as a process that is started has its own copy of each; the caller may close its own. */
export function ownStdio([input, output, errors]: readonly [Descriptor, Descriptor, Descriptor]): Stdio {
  const descriptors = [
    reopened(input, constants.O_RDONLY),
    reopened(output, constants.O_WRONLY),
    reopened(errors, constants.O_WRONLY),
  ]
  const [stdin = -1, stdout = -1, stderr = -1] = descriptors
  let open = true
  /** Null when this process has ended meanwhile. */
  const patiently = async (attempt: () => number): Promise<number | null> => {
    for (let tries = 0; open; tries += 1) {
      try {
        return attempt()
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      }
      await (tries < TURNS ? turn() : sleep(POLL_MS))
    }
    return null
  }
  return {
    async readAll() {
      const chunks: Buffer[] = []
      for (;;) {
        const chunk = Buffer.alloc(65_536)
        const length = await patiently(() => readSync(stdin, chunk))
        if (!length) return Buffer.concat(chunks)
        chunks.push(chunk.subarray(0, length))
      }
    },
    async write(to, chunk) {
      for (let rest = chunk; rest.length > 0;) {
        const written = await patiently(() => writeSync(to === 'stdout' ? stdout : stderr, rest))
        if (written === null) return
        rest = rest.subarray(written)
      }
    },
    [Symbol.dispose]() {
      if (!open) return
      open = false
      for (const fd of descriptors) closeSync(fd)
    },
  }
}

function reopened(descriptor: Descriptor, access: number): number {
  const path = descriptor === 'null' ? '/dev/null' : `/proc/self/fd/${descriptor}`
  return openSync(path, access | constants.O_NONBLOCK | constants.O_NOCTTY)
}
