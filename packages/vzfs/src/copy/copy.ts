/** Copies trees of an area, in the calling thread with helpers. */

import type { FileCalls } from '@insula/kernel'
import { startCrew } from '../build/crew.ts'
import type { Prepared } from '../thread.ts'
import type { CopyHow } from './object.ts'
import { type CopySum, copyTree, type TreeCopy } from './tree.ts'

export interface CopyJob {
  readonly trees: readonly TreeCopy[]
  readonly how: CopyHow
  /** Threads to copy with, this one included. */
  readonly threads: number
}

/** The file system's own work is what takes the time; more do not make it quicker. */
const MOST_THREADS = 4

export async function prepareCopy(files: FileCalls, { trees, how, threads }: CopyJob): Promise<Prepared<CopySum>> {
  const crew = startCrew(files, Math.min(threads, MOST_THREADS))
  await crew.ready()
  return {
    async run(progress) {
      let [bytes, inodes] = [0, 0]
      for (const tree of trees) {
        const before = inodes
        const sum = await copyTree(files, crew, tree, how, (done) => progress(before + done, 0))
        bytes += sum.bytes
        inodes += sum.inodes
      }
      return { bytes, inodes }
    },
    [Symbol.asyncDispose]: () => crew[Symbol.asyncDispose](),
  }
}
