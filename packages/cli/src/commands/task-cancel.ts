import { isTaskOver } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { followTask } from '../task/follow.ts'
import { progressFor } from '../task/progress.ts'
import { ApiFailure } from '@insula/contract/api-failure'
import { taskNumber } from '../values.ts'

export const taskCancel = command({
  name: 'task cancel',
  summary: 'Stop a task and take back what it did',
  arguments: { task: { about: 'number', complete: 'task' } },
  options: output,
  examples: [{ line: 'insula task cancel 12', about: 'waits until it has been taken back' }],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const params = { task: taskNumber(args.task) }
    const answer = await client.taskCancel({ params, query: { wait: 1 } })
    try {
      if (!isTaskOver(answer.task.state)) await followTask(context, answer, progressFor(context, options.quiet || options.json))
    } catch (error) {
      // That it ends as cancelled is what was asked for.
      if (!(error instanceof ApiFailure) || error.code !== 'cancelled') throw error
    }
    const { task } = await client.taskShow({ params })
    if (options.json) context.print(JSON.stringify(task, null, 2))
    else if (options.quiet) context.print(String(task.id))
    else
      context.print(task.state === 'cancelled' ? `cancelled task ${task.id}` : `task ${task.id} had ended before: ${task.state}`)
    return task.state === 'cancelled' ? 0 : 4
  },
})
