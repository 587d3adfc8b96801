/** Runs one job in a worker thread: progress while it goes, a value or an error at its end. */

import { parentPort, Worker, workerData } from 'node:worker_threads'
import { revive } from './errors.ts'
import { beginLoading, endLoading, type StartUps, startUps, stopped } from './start-ups.ts'

type Message<T> =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'result'; readonly value: T }

export type Progress = (done: number, total: number) => void

/** What a thread is handed. */
interface Handed {
  readonly job: unknown
  readonly counts: StartUps
}

/** The calling side. When the signal aborts, the thread and the threads it started are stopped wherever they are. */
export async function runInThread<T>(entry: URL, job: unknown, progress: Progress, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted()
  const counts = startUps()
  beginLoading(counts)
  const worker = new Worker(entry, { workerData: { job, counts } satisfies Handed })
  const { promise: gone, resolve: isGone } = Promise.withResolvers<void>()
  const end = async (): Promise<void> => {
    await Promise.race([stopped(counts), gone])
    await worker.terminate()
  }
  const stop = (): void => void end()
  signal?.addEventListener('abort', stop)
  try {
    return await new Promise<T>((resolve, reject) => {
      worker.on('message', (message: Message<T>) => {
        if (message.kind === 'progress') progress(message.done, message.total)
        else resolve(message.value)
      })
      worker.on('error', (error) => reject(revive(error)))
      worker.on('exit', () => {
        isGone()
        reject(signal?.reason ?? new Error(`the thread ${entry.pathname} ended without a result`))
      })
    })
  } finally {
    signal?.removeEventListener('abort', stop)
    await end()
  }
}

/** The side inside the thread. */
export async function serveThread<T>(body: (job: unknown, progress: Progress) => Promise<T>): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('this file is the entry of a worker thread')
  const { job, counts } = workerData as Handed
  endLoading(counts)
  const send = (message: Message<T>): void => port.postMessage(message)
  let sent = 0
  const progress: Progress = (done, total) => {
    // Some hundred messages for a job, not one for each file.
    if (done < total && done - sent < total / 200) return
    sent = done
    send({ kind: 'progress', done, total })
  }
  send({ kind: 'result', value: await body(job, progress) })
}

/** Of the job that this thread works on; new ones where it is none. */
export const startUpsHere = (): StartUps => (workerData as Partial<Handed> | null)?.counts ?? startUps()
