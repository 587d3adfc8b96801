/** Waits for tasks: with a line that redraws itself on a terminal, a line per step in a pipe. */

import { ApiFailure } from '@insula/contract/api-failure'
import { type Client, type Task, type TaskAnswer, isTaskOver } from '@insula/contract/light'
import type { Context } from '../context.ts'
import type { ClientSocket } from '../transport/websocket.ts'
import type { Progress } from './progress.ts'

/** insulad may be restarted while a task runs; tasks survive that. */
const PATIENCE = 30_000
const RETRY = 500

/** Seconds that one question waits for the answer: short where progress is drawn. */
const waitSeconds = (context: Context): number => (context.terminal.stderr ? SHORT_WAIT : 2)

/** The first question, too: until it is answered nobody knows the number of the task, which an interrupt has to tell. */
export const SHORT_WAIT = 0.25

/** The task once it has ended well. @throws ApiFailure with the task's own error otherwise */
export async function followTask(context: Context, { task: first }: TaskAnswer, progress: Progress): Promise<Task> {
  const client = await context.client()
  let task = first
  // In a pipe, a line for each step is for those that take longer than a moment.
  if (!context.terminal.stderr && !isTaskOver(task.state)) task = await askAgain(client, task.id, waitSeconds(context))
  while (!isTaskOver(task.state)) {
    progress.show(task)
    task = await askAgain(client, task.id, waitSeconds(context))
  }
  progress.done(task)
  if (task.state === 'done') return task
  throw new ApiFailure(
    task.error ?? { code: task.state === 'cancelled' ? 'cancelled' : 'internal', message: `task ${task.id} ${task.state}` },
  )
}

async function askAgain(client: Client<ClientSocket>, task: number, wait: number): Promise<Task> {
  const until = Date.now() + PATIENCE
  for (;;) {
    try {
      return (await client.taskShow({ params: { task }, query: { wait } })).task
    } catch (error) {
      if (!(error instanceof ApiFailure) || error.code !== 'unavailable' || Date.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, RETRY))
    }
  }
}
