import { command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const vzfsMove = command({
  name: 'vzfs move',
  summary: 'Move a stopped VPS to another volume',
  details:
    'With its snapshots. It is copied there, then it lies there, then the original is deleted; whatever happens meanwhile, it is whole on one of the two. Its id, addresses and host ids stay.',
  arguments: { vps: { about: 'name or id', complete: 'vps' } },
  options: {
    volume: { value: 'NAME', required: true, about: 'where to', complete: 'volume' },
    ...taskOptions,
    ...output,
  },
  examples: [{ line: 'insula vzfs move web --volume ssd', about: 'it must be stopped' }],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const task = await runTask(context, options, async (query) =>
      client.vpsMove({ params: { vps: args.vps }, query, body: { volume: options.volume } }),
    )
    if (task === null) return
    const { vps } = await client.vpsShow({ params: { vps: args.vps } })
    if (options.json) return context.print(JSON.stringify(vps, null, 2))
    context.print(options.quiet ? vps.name : `moved ${vps.name} to volume ${vps.volume}`)
  },
})
