import { TASK_STATES, type Task } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { columnsOption } from '../output/columns.ts'
import { answeredColumnsHelp, printRows } from '../output/print-rows.ts'
import { STANDARD_TASK_COLUMNS, taskColumns } from '../task/task-columns.ts'
import { oneOf, wholeNumber } from '../values.ts'

const state = oneOf(TASK_STATES)

export const taskList = command({
  name: 'task list',
  summary: 'List tasks, latest first',
  arguments: {},
  options: {
    state: { short: 's', value: 'STATE', about: 'only those in this state', parse: state, complete: TASK_STATES },
    vps: { value: 'VPS', about: 'only those of this VPS', complete: 'vps' },
    limit: { short: 'n', value: 'N', about: 'at most so many (default: 20)', parse: wholeNumber(1, 1000) },
    ...columnsOption,
    ...output,
  },
  examples: [
    { line: 'insula task list', about: 'the latest ones' },
    { line: 'insula task list -s failed --vps web', about: 'what went wrong with one VPS' },
  ],
  run: async (context, { options }) => {
    const listing = {
      all: taskColumns,
      standard: STANDARD_TASK_COLUMNS,
      id: ({ id }: Task) => String(id),
      none: 'there has been no task',
    }
    if (answeredColumnsHelp(context, listing, options)) return
    const query = {
      limit: options.limit ?? 20,
      ...(options.state === undefined ? {} : { state: options.state }),
      ...(options.vps === undefined ? {} : { vps: options.vps }),
    }
    printRows(context, listing, (await (await context.client()).taskList({ query })).tasks, options)
  },
})
