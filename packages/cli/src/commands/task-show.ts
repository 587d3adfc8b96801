import type { Task, TaskAnswer } from '@insula/contract/light'
import { command, output } from '../command.ts'
import type { Context } from '../context.ts'
import { printFields } from '../output/print-fields.ts'
import { moment } from '../output/time.ts'
import { followTask } from '../task/follow.ts'
import { progressFor } from '../task/progress.ts'
import { tellOnInterrupt } from '../task/run-task.ts'
import { notAll, took } from '../task/task-columns.ts'
import { taskNumber } from '../values.ts'

export const taskShow = command({
  name: 'task show',
  summary: 'Show one task and what it wrote',
  arguments: { task: { about: 'number', complete: 'task' } },
  options: { wait: { short: 'w', about: 'wait until it has ended; its failure is then the exit code' }, ...output },
  examples: [
    { line: 'insula task show 12', about: 'how far it is, and its log' },
    { line: 'insula task show 12 --wait', about: 'until it is done' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const params = { task: taskNumber(args.task) }
    const asked = client.taskShow({ params })
    const task = options.wait ? await waitFor(context, asked, options) : (await asked).task
    if (options.json) return context.print(JSON.stringify(task, null, 2))
    if (options.quiet) return context.print(String(task.id))
    printFields(context, [
      ['task', String(task.id)],
      ['kind', task.kind],
      ['subject', task.subject],
      ['state', notAll(task) === null ? task.state : `${task.state}, ${notAll(task)}`],
      ...(task.progress === null ? [] : [['step', task.progress.step] as const]),
      ['created', moment(task.createdAt)],
      ['took', took(task)],
      ...(task.error === null ? [] : [['error', task.error.message] as const]),
      ...(task.error?.remedy === undefined ? [] : [['remedy', task.error.remedy] as const]),
    ])
    for (const { at, text } of (await client.taskLog({ params })).lines) context.print(`${moment(at)}  ${text}`)
  },
})

async function waitFor(
  context: Context,
  asked: Promise<TaskAnswer>,
  { quiet, json }: { readonly quiet: boolean; readonly json: boolean },
): Promise<Task> {
  const progress = progressFor(context, quiet || json)
  using _ = tellOnInterrupt(context, new Set([asked]), progress)
  return await followTask(context, await asked, progress)
}
