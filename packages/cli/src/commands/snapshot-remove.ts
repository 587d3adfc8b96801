import { command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const snapshotRemove = command({
  name: 'snapshot remove',
  summary: 'Remove a snapshot of a VPS',
  arguments: { vps: { about: 'name or id', complete: 'vps' }, name: { about: 'the snapshot' } },
  options: { ...taskOptions, ...output },
  examples: [{ line: 'insula snapshot remove web before-upgrade', about: 'its files are deleted in the background' }],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const params = { vps: args.vps, snapshot: args.name }
    const task = await runTask(context, options, async (query) => client.snapshotRemove({ params, query }))
    if (task === null) return
    if (options.json) return context.print(JSON.stringify(task, null, 2))
    context.print(options.quiet ? args.name : `removed snapshot ${args.name} of ${args.vps}`)
  },
})
