/**
 * Threads that stay: each does one job after another, so that a job costs neither a start nor what a start loads. They end when there has been nothing
 * to do for a while.
 *
 * INVARIANTS
 * - A thread has one job at a time and the others wait on this side, so whatever happens to a thread happens to one job.
 * - With a job that failed or was stopped its thread ends, and so does all that it had begun there.
 */

import { type StandingThread, startStandingThread } from './standing-thread.ts'
import type { Progress } from './thread.ts'

export interface StandingThreads extends AsyncDisposable {
  /** As `runInThread`; waits while all are at work. */
  run<T>(job: unknown, progress: Progress, signal?: AbortSignal): Promise<T>
}

export interface StandingOptions {
  readonly most: number
  /** How long one stays without work. */
  readonly idleMs: number
  /** What all jobs have in common; handed to each thread when it starts. */
  readonly common: unknown
}

export function standingThreads(entry: URL, { most, idleMs, common }: StandingOptions): StandingThreads {
  const all = new Set<StandingThread>()
  const idle = new Map<StandingThread, NodeJS.Timeout>()
  const waiting: Waiter[] = []
  let closed = false

  const end = async (thread: StandingThread): Promise<void> => {
    clearTimeout(idle.get(thread))
    idle.delete(thread)
    all.delete(thread)
    letIn()
    await thread.end()
  }
  const start = (): StandingThread => {
    const thread = startStandingThread(entry, common, () => {
      clearTimeout(idle.get(thread))
      idle.delete(thread)
      all.delete(thread)
      letIn()
    })
    all.add(thread)
    return thread
  }
  const free = (): StandingThread | null => {
    const [thread] = idle.keys()
    if (thread === undefined) return all.size < most ? start() : null
    clearTimeout(idle.get(thread))
    idle.delete(thread)
    return thread
  }
  const letIn = (): void => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const thread = free()
      if (thread === null) return
      waiting.shift()
      next.enter(thread)
    }
  }
  const turn = (signal?: AbortSignal): Promise<StandingThread> =>
    new Promise((resolve, reject) => {
      const waiter = {
        enter(thread: StandingThread): void {
          signal?.removeEventListener('abort', leave)
          resolve(thread)
        },
      }
      const leave = (): void => {
        waiting.splice(waiting.indexOf(waiter), 1)
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', leave, { once: true })
      waiting.push(waiter)
      letIn()
    })
  const putBack = (thread: StandingThread): void => {
    idle.set(thread, setTimeout(() => void end(thread), idleMs).unref())
    letIn()
  }

  return {
    async run<T>(job: unknown, progress: Progress, signal?: AbortSignal): Promise<T> {
      signal?.throwIfAborted()
      const thread = await turn(signal)
      let fit = false
      try {
        const result = await thread.perform<T>(job, progress, signal)
        fit = thread.fit() && !closed
        return result
      } finally {
        if (fit) putBack(thread)
        else await end(thread)
      }
    },

    async [Symbol.asyncDispose]() {
      closed = true
      await Promise.all([...idle.keys()].map(end))
    },
  }
}

interface Waiter {
  enter(thread: StandingThread): void
}
