/** Starts one task and waits for it, or does not: what every command does that changes something. */

import { constants } from 'node:os'
import { type Task, type TaskAnswer, isTaskOver } from '@insula/contract/light'
import type { Context } from '../context.ts'
import { followTask, SHORT_WAIT } from './follow.ts'
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
export const waitQuery = ({ wait }: Pick<TaskOptions, 'wait'>): { wait?: number } => (wait === false ? {} : { wait: SHORT_WAIT })

/** The task when it is done; null when the user did not want to wait, and was told its number. */
export async function runTask(
  context: Context,
  options: TaskOptions,
  start: (query: { wait?: number }) => Promise<TaskAnswer>,
  progress: Progress = progressFor(context, options.quiet || options.json),
): Promise<Task | null> {
  const asked = start(waitQuery(options))
  using _ = tellOnInterrupt(context, new Set([asked]), progress)
  const answer = await asked
  if (options.wait === false) {
    printStarted(context, answer.task, options)
    return null
  }
  return await followTask(context, answer, progress)
}

export function printStarted(context: Context, task: Task, { json, quiet }: Pick<TaskOptions, 'json' | 'quiet'>): void {
  if (json) context.print(JSON.stringify(task, null, 2))
  else context.print(quiet ? String(task.id) : `task ${task.id}: ${task.subject}`)
}

/**
 * Ctrl-C and SIGTERM end the waiting, not the tasks, and their numbers are told first. What was only just asked for is answered within
 * seconds; who does not want to wait for that sends the signal again.
 */
export function tellOnInterrupt(context: Context, asked: ReadonlySet<Promise<TaskAnswer>>, progress: Progress): Disposable {
  let interrupted = false
  const listener = (signal: NodeJS.Signals): void => {
    const code = 128 + constants.signals[signal]
    if (interrupted) process.exit(code)
    interrupted = true
    void tell(context, asked, progress).finally(() => process.exit(code))
  }
  for (const signal of SIGNALS) process.on(signal, listener)
  return { [Symbol.dispose]: () => SIGNALS.forEach((signal) => process.off(signal, listener)) }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

async function tell(context: Context, asked: ReadonlySet<Promise<TaskAnswer>>, progress: Progress): Promise<void> {
  const answers = await Promise.allSettled(asked)
  progress.clear()
  for (const answer of answers) {
    if (answer.status === 'rejected' || isTaskOver(answer.value.task.state)) continue
    const { id, subject, cancellable } = answer.value.task
    const next = cancellable ? `\`insula task cancel ${id}\` stops it` : `\`insula task show ${id} --wait\` waits for it`
    context.note(`${subject}: task ${id} goes on; ${next}`)
  }
  await context.flush()
}
