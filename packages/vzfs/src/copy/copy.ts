/** Copies trees of an area, in the calling thread with helpers where there is much to do. */

import type { FileCalls } from '@insula/kernel'
import { type Crew, startCrew } from '../build/crew.ts'
import type { CopyHow } from './object.ts'
import { type CopySum, copyTree, type TreeCopy } from './tree.ts'

export interface CopyJob {
  readonly trees: readonly TreeCopy[]
  readonly how: CopyHow
  /** Threads to copy with, this one included. */
  readonly threads: number
}

export async function copyTrees(
  files: FileCalls,
  { trees, how, threads }: CopyJob,
  progress: (done: number, total: number) => void,
): Promise<CopySum> {
  let crew: Crew | null = null
  let [bytes, inodes] = [0, 0]
  try {
    for (const tree of trees) {
      const before = inodes
      const sum = await copyTree(
        files,
        () => (crew ??= startCrew(files, threads)),
        tree,
        how,
        (done) => progress(before + done, 0),
      )
      bytes += sum.bytes
      inodes += sum.inodes
    }
  } finally {
    await (crew as Crew | null)?.[Symbol.asyncDispose]()
  }
  return { bytes, inodes }
}
