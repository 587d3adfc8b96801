/** One of `standingThreads`: both of its sides. */

import { parentPort, Worker, workerData } from 'node:worker_threads'
import { giveBackMemory } from '@insula/kernel'
import { revive } from './errors.ts'
import { beginLoading, endLoading, loaded, startUps, stop, work } from './start-ups.ts'
import { type Handed, type Message, type Progress, reporter } from './thread.ts'

export interface StandingThread {
  perform<T>(job: unknown, progress: Progress, signal?: AbortSignal): Promise<T>
  /** Whether it may have another job. */
  fit(): boolean
  /** Resolves when it is gone. */
  end(): Promise<void>
}

/** What a job leaves behind is collected while it is little: a thread that stays would keep some hundred megabytes of it. */
const SMALL_NURSERY = { maxYoungGenerationSizeMb: 16 }

/** @param isGone called when it ended by itself or was ended */
export function startStandingThread(entry: URL, common: unknown, isGone: () => void): StandingThread {
  const counts = startUps()
  beginLoading(counts)
  const worker = new Worker(entry, { workerData: { job: common, counts } satisfies Handed, resourceLimits: SMALL_NURSERY })
  const { promise: gone, resolve: setGone } = Promise.withResolvers<void>()
  let current: Job | null = null
  let fit = true
  const unfit = (error: unknown): void => {
    fit = false
    current?.reject(error)
  }
  worker.on('message', (message: Message<unknown>) => {
    if (message.kind === 'progress') current?.progress(message.done, message.total)
    else if (message.kind === 'result') current?.resolve(message.value)
  })
  worker.on('error', (error) => unfit(current?.signal?.aborted === true ? current.signal.reason : revive(error)))
  worker.on('exit', () => {
    unfit(current?.signal?.reason ?? new Error(`the thread ${entry.pathname} ended without a result`))
    setGone()
    isGone()
  })
  const end = async (): Promise<void> => {
    fit = false
    stop(counts)
    await Promise.race([loaded(counts), gone])
    await worker.terminate()
    giveBackMemory()
  }
  return {
    fit: () => fit,
    end,
    async perform<T>(job: unknown, progress: Progress, signal?: AbortSignal): Promise<T> {
      // A thread without a job keeps no process alive.
      worker.ref()
      work(counts)
      const abort = (): void => {
        if (!stop(counts)) return
        fit = false
        void end()
      }
      signal?.addEventListener('abort', abort)
      try {
        return await new Promise<T>((resolve, reject) => {
          current = { resolve: (value) => resolve(value as T), reject, progress, signal }
          // It may have been aborted, or the thread may have ended, before it was this job's turn.
          if (signal?.aborted === true) abort()
          else if (!fit) reject(new Error(`the thread ${entry.pathname} has ended`))
          // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
          else worker.postMessage(job)
        })
      } finally {
        signal?.removeEventListener('abort', abort)
        current = null
        worker.unref()
      }
    },
  }
}

interface Job {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
  readonly progress: Progress
  readonly signal: AbortSignal | undefined
}

/** The side inside the thread. An error of a job is the end of the thread. */
export function serveJobs<T>(body: (job: unknown, progress: Progress) => Promise<T>): void {
  const port = parentPort
  if (port === null) throw new Error('this file is the entry of a worker thread')
  const send = (message: Message<T>): void => port.postMessage(message)
  const perform = async (job: unknown): Promise<void> => {
    send({ kind: 'result', value: await body(job, reporter(send)) })
  }
  port.on('message', (job: unknown) => void perform(job))
  endLoading((workerData as Handed).counts)
}

/** What all jobs of this thread have in common. */
export const commonHere = (): unknown => (workerData as Handed).job
