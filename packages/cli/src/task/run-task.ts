/** Starts one task and waits for it, or does not: what every command does that changes something. */

import type { Task, TaskAnswer } from '@insula/contract/light'
import type { Context } from '../context.ts'
import { followTask, waitSeconds } from './follow.ts'
import { type Progress, progressFor } from './progress.ts'

export const taskOptions = {
  wait: { negatable: true, about: 'wait until it is done (default), or print the task and return' },
} as const

export interface TaskOptions {
  readonly wait: boolean | undefined
  readonly json: boolean
  readonly quiet: boolean
}

/** What the API needs to hear about waiting; asks for an answer soon, because progress is shown meanwhile. */
export function waitQuery(context: Context, { wait }: Pick<TaskOptions, 'wait'>): { wait?: number } {
  return wait === false ? {} : { wait: waitSeconds(context) }
}

/** The task when it is done; null when the user did not want to wait, and was told its number. */
export async function runTask(
  context: Context,
  options: TaskOptions,
  start: (query: { wait?: number }) => Promise<TaskAnswer>,
  progress: Progress = progressFor(context, options.quiet || options.json),
): Promise<Task | null> {
  const answer = await start(waitQuery(context, options))
  if (options.wait === false) {
    printStarted(context, answer.task, options)
    return null
  }
  using _ = tellOnInterrupt(context, [answer.task], progress)
  return followTask(context, answer, progress)
}

export function printStarted(context: Context, task: Task, { json, quiet }: Pick<TaskOptions, 'json' | 'quiet'>): void {
  if (json) context.print(JSON.stringify(task, null, 2))
  else context.print(quiet ? String(task.id) : `task ${task.id}: ${task.subject}`)
}

/** Ctrl-C ends the waiting, not the task. */
export function tellOnInterrupt(context: Context, tasks: readonly Task[], progress: Progress): Disposable {
  const interrupted = () => {
    progress.clear()
    for (const { id, subject } of tasks) context.note(`${subject}: task ${id} goes on; \`insula task cancel ${id}\` stops it`)
    process.exit(130)
  }
  process.on('SIGINT', interrupted)
  return { [Symbol.dispose]: () => void process.off('SIGINT', interrupted) }
}
