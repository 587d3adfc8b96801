/** Runs one job in a worker thread: progress while it goes, a value or an error at its end. */

import { parentPort, Worker, workerData } from 'node:worker_threads'
import { revive } from './errors.ts'

type Message<T> =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'result'; readonly value: T }

export type Progress = (done: number, total: number) => void

/** The calling side. When the signal aborts, the thread and the threads it started are stopped wherever they are. */
export async function runInThread<T>(entry: URL, job: unknown, progress: Progress, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted()
  const worker = new Worker(entry, { workerData: job })
  const stop = (): void => void worker.terminate()
  signal?.addEventListener('abort', stop)
  try {
    return await new Promise<T>((resolve, reject) => {
      worker.on('message', (message: Message<T>) => {
        if (message.kind === 'progress') progress(message.done, message.total)
        else resolve(message.value)
      })
      worker.on('error', (error) => reject(revive(error)))
      worker.on('exit', () => reject(signal?.reason ?? new Error(`the thread ${entry.pathname} ended without a result`)))
    })
  } finally {
    signal?.removeEventListener('abort', stop)
    await worker.terminate()
  }
}

/** The side inside the thread. */
export async function serveThread<T>(body: (job: unknown, progress: Progress) => Promise<T>): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('this file is the entry of a worker thread')
  const send = (message: Message<T>): void => port.postMessage(message)
  let sent = 0
  const progress: Progress = (done, total) => {
    // Some hundred messages for a job, not one for each file.
    if (done < total && done - sent < total / 200) return
    sent = done
    send({ kind: 'progress', done, total })
  }
  send({ kind: 'result', value: await body(workerData, progress) })
}
