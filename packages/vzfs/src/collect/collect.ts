/**
 * Deletes contents that no tree names. What is named is looked for while everybody works on; then, slice by slice, with the gate closed, what has changed
 * since is looked at again and the rest is deleted. Nothing is kept between the slices but a list in memory: a collection that is cut off has
 * deleted what nobody names, and the next one begins anew.
 */

import type { PoolGate } from '../pool-gate.ts'
import { type Progress, runInThread } from '../thread.ts'
import type { Collected, CollectOptions } from '../reports.ts'
import type { CollectJob, Found, Swept } from './jobs.ts'

/** Deleted while nobody may add to the pool: some hundredths of a second. */
const SLICE = 4_096

export async function collect(gate: PoolGate, volume: string, options: CollectOptions = {}): Promise<Collected> {
  const { dryRun = false, progress = () => undefined, signal } = options
  const found = await work<Found>({ phase: 'find', volume }, (done, total) => progress('reading layers', done, total), signal)
  if (dryRun) return { files: found.unnamed.length + found.spare.length, bytes: found.bytes, dryRun: true }
  let files = 0
  let bytes = 0
  for (let start = 0; start === 0 || start < found.unnamed.length; start += SLICE) {
    signal?.throwIfAborted()
    const unnamed = found.unnamed.slice(start, start + SLICE)
    const job = { phase: 'sweep', volume, unnamed, spare: start === 0 ? found.spare : [], marks: found.marks } as const
    const swept = await gate.exclusive(() => work<Swept>(job, undefined, signal))
    files += swept.files
    bytes += swept.bytes
    progress('deleting', start + unnamed.length, found.unnamed.length)
  }
  return { files, bytes, dryRun: false }
}

const work = <T>(job: CollectJob, progress: Progress = () => undefined, signal?: AbortSignal): Promise<T> =>
  runInThread<T>(new URL('./collect-thread.ts', import.meta.url), job, progress, signal)
