/** Runs one job in a worker thread: progress while it goes, a value or an error at its end. */

import { once } from 'node:events'
import { parentPort, Worker, workerData } from 'node:worker_threads'
import { giveBackMemory } from '@insula/kernel'
import { revive } from './errors.ts'
import { beginLoading, decide, endLoading, loaded, type StartUps, startUps, stop } from './start-ups.ts'

export type Message<T> =
  | { readonly kind: 'ready' }
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'result'; readonly value: T }

export type Progress = (done: number, total: number) => void

/** What a thread is handed. */
export interface Handed {
  readonly job: unknown
  readonly counts: StartUps
}

/** The calling side. When the signal aborts, the thread and the threads it started are stopped wherever they are, unless the job has decided. */
export async function runInThread<T>(entry: URL, job: unknown, progress: Progress, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted()
  const counts = startUps()
  beginLoading(counts)
  // Node closes what a thread that is stopped has left open. One that cannot be stopped closes all by itself, also what Node did not open.
  const options = { workerData: { job, counts } satisfies Handed, trackUnmanagedFds: signal !== undefined }
  const worker = new Worker(entry, options)
  const { promise: gone, resolve: isGone } = Promise.withResolvers<void>()
  const end = async (): Promise<void> => {
    await Promise.race([loaded(counts), gone])
    await worker.terminate()
  }
  const abort = (): void => {
    if (stop(counts)) void end()
  }
  signal?.addEventListener('abort', abort)
  try {
    return await new Promise<T>((resolve, reject) => {
      worker.on('message', (message: Message<T>) => {
        if (message.kind === 'progress') progress(message.done, message.total)
        else if (message.kind === 'result') resolve(message.value)
      })
      worker.on('error', (error) => reject(signal?.aborted === true ? signal.reason : revive(error)))
      worker.on('exit', () => {
        isGone()
        reject(signal?.reason ?? new Error(`the thread ${entry.pathname} ended without a result`))
      })
    })
  } finally {
    signal?.removeEventListener('abort', abort)
    stop(counts)
    await end()
    giveBackMemory()
  }
}

/** The side inside the thread. */
export async function serveThread<T>(body: (job: unknown, progress: Progress) => Promise<T>): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('this file is the entry of a worker thread')
  const { job, counts } = workerData as Handed
  endLoading(counts)
  const send = (message: Message<T>): void => port.postMessage(message)
  send({ kind: 'result', value: await body(job, reporter(send)) })
}

/** Some hundred messages for a job, not one for each file. */
export function reporter(send: (message: Extract<Message<never>, { kind: 'progress' }>) => void): Progress {
  let sent = 0
  return (done, total) => {
    if (done < total && done - sent < total / 200) return
    sent = done
    send({ kind: 'progress', done, total })
  }
}

/** From here on the job of this thread is done to its end, whoever wants it stopped. @throws when it is being stopped already */
export function decideHere(): void {
  if (!decide(startUpsHere())) throw new Error('the job is being stopped')
}

/** Of the job that this thread works on; new ones where it is none. */
export const startUpsHere = (): StartUps => (workerData as Partial<Handed> | null)?.counts ?? startUps()

/**
 * As `runInThread` for a job that has to be quick once it begins: the thread gets everything ready first, and `still` runs from then until the
 * value is there.
 */
export async function runPrepared<T>(
  entry: URL,
  job: unknown,
  still: (work: () => Promise<T>) => Promise<T>,
  progress: Progress,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted()
  const counts = startUps()
  beginLoading(counts)
  const worker = new Worker(entry, { workerData: { job, counts } satisfies Handed })
  const [ready, result, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<T>(), Promise.withResolvers<void>()]
  const fail = (error: unknown): void => {
    ready.reject(error)
    result.reject(error)
  }
  // Whoever waits for one of them hears of it.
  for (const promise of [ready.promise, result.promise]) promise.catch(() => undefined)
  worker.on('message', (message: Message<T>) => {
    if (message.kind === 'ready') ready.resolve()
    else if (message.kind === 'progress') progress(message.done, message.total)
    else result.resolve(message.value)
  })
  worker.on('error', (error) => fail(revive(error)))
  worker.on('exit', () => {
    fail(new Error(`the thread ${entry.pathname} ended without a result`))
    gone.resolve()
  })
  const abort = (): void => fail(signal?.reason)
  signal?.addEventListener('abort', abort)
  try {
    await ready.promise
    return await still(() => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(GO)
      return result.promise
    })
  } finally {
    signal?.removeEventListener('abort', abort)
    stop(counts)
    await Promise.race([loaded(counts), gone.promise])
    await worker.terminate()
    giveBackMemory()
  }
}

const GO = 'go'

export interface Prepared<T> extends AsyncDisposable {
  run(progress: Progress): Promise<T>
}

/** The side inside the thread of `runPrepared`. */
export async function servePrepared<T>(prepare: (job: unknown) => Promise<Prepared<T>>): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('this file is the entry of a worker thread')
  const { job, counts } = workerData as Handed
  endLoading(counts)
  const send = (message: Message<T>): void => port.postMessage(message)
  await using work = await prepare(job)
  const told = once(port, 'message')
  send({ kind: 'ready' })
  await told
  send({ kind: 'result', value: await work.run((done, total) => send({ kind: 'progress', done, total })) })
}
