/**
 * Reads contents from the disk, for a crew, and compares them with what they should be. Everybody else goes first: these threads have the lowest
 * priority for disk and processor, and may be given a pace.
 */

import { createHash } from 'node:crypto'
import { readUnbuffered, stepBack } from '@insula/kernel'
import { type Shared, sharedCursor } from '../build/crew.ts'
import { errnoOf } from '../errors.ts'

export interface ReadTask extends Shared {
  readonly kind: 'read'
  readonly count: number
  /** Absolute, latin1. */
  readonly paths: readonly string[]
  readonly digests: readonly string[]
  readonly verdicts: Uint8Array<SharedArrayBuffer>
  /** Bytes per second that a thread may read; null: as many as it can. */
  readonly pace: number | null
}

export const VERDICTS = ['sound', 'gone', 'other bytes', 'unreadable'] as const
export type Verdict = (typeof VERDICTS)[number]

export function readTask(contents: readonly { readonly path: string; readonly digest: string }[], pace: number | null): ReadTask {
  const verdicts = new Uint8Array(new SharedArrayBuffer(contents.length))
  const paths = contents.map(({ path }) => path)
  const digests = contents.map(({ digest }) => digest)
  return { kind: 'read', count: contents.length, paths, digests, verdicts, pace, ...sharedCursor() }
}

export function readOne(task: ReadTask, index: number): void {
  steppedBack()
  const path = Buffer.from(task.paths[index] ?? '', 'latin1')
  let verdict: Verdict = judge(path, task.digests[index] ?? '', task.pace)
  // Once more: a disk may have been wrong about a sound block.
  if (verdict !== 'sound') verdict = judge(path, task.digests[index] ?? '', task.pace)
  task.verdicts[index] = VERDICTS.indexOf(verdict)
}

function judge(path: Buffer, digest: string, pace: number | null): Verdict {
  try {
    const state = createHash('sha256')
    for (const part of readUnbuffered(path)) {
      state.update(part)
      if (pace !== null) Atomics.wait(never, 0, 0, (part.length / pace) * 1_000)
    }
    return state.digest('hex') === digest ? 'sound' : 'other bytes'
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? 'gone' : 'unreadable'
  }
}

/** Nobody wakes who waits on this. */
const never = new Int32Array(new SharedArrayBuffer(4))

const steppedBack = (() => {
  let done = false
  return (): void => {
    if (!done) stepBack()
    done = true
  }
})()
