/** One action on one VPS, a list, or all of them: all at once, each with its own outcome. */

import { ApiFailure } from '@insula/contract/api-failure'
import type { Client, Task, TaskAnswer, VpsState } from '@insula/contract/light'
import type { Context } from '../context.ts'
import { sentences } from '../report.ts'
import { type SelectionOptions, namesChosen, selectionOptions } from '../selection.ts'
import type { ClientSocket } from '../transport/websocket.ts'
import { followTask } from './follow.ts'
import { progressFor } from './progress.ts'
import { type TaskOptions, taskOptions, tellOnInterrupt, waitQuery } from './run-task.ts'

export const manyVps = {
  vps: { about: 'names or ids', many: true, optional: true, complete: 'vps' },
} as const

export const actionOptions = {
  ...taskOptions,
  ...selectionOptions,
  all: { short: 'a', about: 'all VPSs that this can be done to' },
} as const

export interface Action {
  /** "started" */
  readonly done: string
  act(client: Client<ClientSocket>, vps: string, query: { wait?: number }): Promise<TaskAnswer>
  /** What else is waited for, once the task has ended well. */
  readonly after?: ((vps: string) => Promise<void>) | undefined
}

/** On those that are named, or on what the options choose where there is something to do. */
export async function actOnChosen(
  context: Context,
  names: readonly string[],
  options: TaskOptions & SelectionOptions,
  {
    states,
    ...action
  }: Action & {
    /** Where there is something to do, of those that are not named. */
    readonly states: readonly VpsState[]
  },
): Promise<number> {
  const chosen = await namesChosen(context, names, options, ({ state }) => states.includes(state))
  return actOnAll(context, chosen, options, action)
}

export async function actOnAll(
  context: Context,
  targets: readonly string[],
  options: TaskOptions,
  { done, act, after }: Action,
): Promise<number> {
  const client = await context.client()
  const progress = progressFor(context, options.quiet || options.json)
  const unfinished = new Set<Promise<TaskAnswer>>()
  using _ = tellOnInterrupt(context, unfinished, progress)
  const outcomes = await Promise.all(
    targets.map(async (vps): Promise<Task | ApiFailure> => {
      const asked = act(client, vps, waitQuery(options))
      unfinished.add(asked)
      try {
        const answer = await asked
        const task = options.wait === false ? answer.task : await followTask(context, answer, progress)
        await after?.(vps)
        if (!options.json) context.print(said(task, vps, done, options))
        return task
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error
        progress.clear()
        context.note(options.json ? JSON.stringify({ error, vps }) : await sentences(error, context))
        return error
      } finally {
        unfinished.delete(asked)
      }
    }),
  )
  if (options.json)
    context.print(
      JSON.stringify(
        outcomes.filter((one) => !(one instanceof ApiFailure)),
        null,
        2,
      ),
    )
  return outcomes.find((one) => one instanceof ApiFailure)?.exit ?? 0
}

function said(task: Task, vps: string, done: string, { wait, quiet }: TaskOptions): string {
  if (wait === false) return quiet ? String(task.id) : `task ${task.id}: ${task.subject}`
  return quiet ? vps : `${done} ${task.subject || vps}`
}
