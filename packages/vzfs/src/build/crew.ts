/**
 * Several threads on one list of files. Whoever is free takes the next index from a shared cursor; the thread that asks works along,
 * so a helper that is slow to start costs nothing.
 */

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { FileCalls } from '@insula/kernel'
import { copyNth, type ObjectTask } from '../copy/object.ts'
import { type ReadTask, readOne } from '../check/read-task.ts'
import { startUpsHere } from '../thread.ts'
import { beginLoading, endOwnLoading, loaded, type StartUp, startUp, type StartUps } from '../start-ups.ts'
import { type HashTask, hashOne } from './hash.ts'
import { type PlaceTask, placeOne } from './place.ts'
import { type CopyTask, copyOne, type LinkTask, linkOne } from '../relink/adopt.ts'

/** Handed to threads as it is: plain values and shared memory only. */
export type Task = HashTask | PlaceTask | CopyTask | LinkTask | ObjectTask | ReadTask

/** What a helper is handed. */
export interface HelperData {
  readonly counts: StartUps
  readonly own: StartUp
}

export interface Shared {
  /** [next index to take, indexes done]. */
  readonly cursor: Int32Array<SharedArrayBuffer>
}

const NEXT = 0
const DONE = 1

export function sharedCursor(): Shared {
  return { cursor: new Int32Array(new SharedArrayBuffer(8)) }
}

export interface Crew extends AsyncDisposable {
  /** Starts all threads and resolves when they are there. Who does not wait for it loses nothing. */
  ready(): Promise<void>
  /** Resolves when every index of the task is done. `progress` gets how many are. */
  run(task: Task, progress: (done: number) => void): Promise<void>
}

/** @param threads the asking one included */
export function startCrew(files: FileCalls, threads: number): Crew {
  const counts = startUpsHere()
  const helpers: Worker[] = []
  // A helper never ends by itself; if one does, what it had taken is not done.
  const { promise: broken, reject: isBroken } = Promise.withResolvers<never>()
  broken.catch(() => {})
  const start = (): void => {
    if (!beginLoading(counts)) throw new Error('the job is being stopped')
    const own = startUp()
    const helper = new Worker(new URL('./crew-thread.ts', import.meta.url), { workerData: { counts, own } satisfies HelperData })
    helper.once('exit', () => endOwnLoading(counts, own))
    void once(helper, 'exit').then(() => isBroken(new Error('a thread that worked along ended')), isBroken)
    helpers.push(helper)
  }
  const startAll = (): void => {
    while (helpers.length < threads - 1) start()
  }
  return {
    async ready() {
      startAll()
      await Promise.race([loaded(counts), broken])
    },
    async run(task, progress) {
      // Only now: many a job turns out to have nothing to do.
      if (task.count > 1) startAll()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      for (const helper of helpers) helper.postMessage(task)
      takeWork(files, task, progress)
      for (let done = Atomics.load(task.cursor, DONE); done < task.count; done = Atomics.load(task.cursor, DONE)) {
        const { value } = Atomics.waitAsync(task.cursor, DONE, done)
        await Promise.race([value, broken])
      }
    },
    async [Symbol.asyncDispose]() {
      // Of one that failed the others may be loading still.
      await loaded(counts)
      await Promise.all(helpers.map((helper) => helper.terminate()))
    },
  }
}

/** Does indexes of the task until none is left to take. */
export function takeWork(files: FileCalls, task: Task, progress: (done: number) => void): void {
  for (;;) {
    const index = Atomics.add(task.cursor, NEXT, 1)
    if (index >= task.count) return
    doOne(files, task, index)
    progress(Atomics.add(task.cursor, DONE, 1) + 1)
    Atomics.notify(task.cursor, DONE)
  }
}

function doOne(files: FileCalls, task: Task, index: number): void {
  switch (task.kind) {
    case 'hash':
      return hashOne(task, index)
    case 'read':
      return readOne(task, index)
    case 'place':
      return placeOne(files, task, index)
    case 'copy':
      return copyOne(task, index)
    case 'object':
      return copyNth(files, task, index)
    case 'link':
      return linkOne(files, task, index)
  }
}
