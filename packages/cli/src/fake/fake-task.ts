/** Tasks, as the pretended node answers: done after a moment. */

import type { Task } from '@insula/contract'
import { EPOCH, type FakeState } from './fake-state.ts'

export async function task(
  state: FakeState,
  kind: string,
  vps: number | null,
  subject: string,
  wait: number,
  done: () => void = () => undefined,
): Promise<{ task: Task }> {
  const made: Task = {
    id: state.tasks.length + 1,
    kind,
    vps,
    subject,
    state: 'running',
    progress: { done: 1, total: 4, step: 'working' },
    createdAt: EPOCH,
    startedAt: EPOCH,
    endedAt: null,
    result: null,
    error: null,
    cancellable: kind !== 'recover',
  }
  state.tasks.push(made)
  const fail = state.failNext
  state.failNext = null
  setTimeout(() => {
    if (made.state !== 'running') return
    if (fail === null) done()
    Object.assign(made, {
      state: fail === null ? 'done' : 'failed',
      error: fail?.toJSON() ?? null,
      endedAt: EPOCH,
      progress: null,
    })
  }, state.taskMilliseconds).unref()
  await settled(made, wait)
  return { task: made }
}

export async function settled(task: Task, wait: number): Promise<void> {
  const until = Date.now() + wait
  while (task.state === 'running' && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 5))
}
