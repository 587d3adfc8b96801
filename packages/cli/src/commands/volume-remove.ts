import { command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const volumeRemove = command({
  name: 'vzfs volume remove',
  summary: 'Remove a volume on which no VPS lies',
  details:
    'What Insula made on it goes: its copies of templates, and the file of a volume that was made with --size. Nothing else in a directory of yours is touched.',
  arguments: { name: { about: 'the volume', complete: 'volume' } },
  options: { ...taskOptions, ...output },
  examples: [{ line: 'insula vzfs volume remove ssd', about: 'names the VPSs that are in the way' }],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const task = await runTask(context, options, async (query) => client.volumeRemove({ params: { volume: args.name }, query }))
    if (task === null) return
    if (options.json) return context.print(JSON.stringify(task, null, 2))
    context.print(options.quiet ? args.name : `removed volume ${args.name}`)
  },
})
