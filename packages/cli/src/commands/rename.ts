import { VPS_NAME_RULE, isVpsName } from '@insula/contract/light'
import { UsageError, command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const rename = command({
  name: 'rename',
  summary: 'Give a VPS another name',
  details:
    'Its host name inside stays as it is: change that with `insula set NAME --hostname NAME`, which takes effect at the next start.',
  arguments: { vps: { about: 'name or id', complete: 'vps' }, name: { about: VPS_NAME_RULE } },
  options: { ...taskOptions, ...output },
  examples: [{ line: 'insula rename web www', about: 'its id, its addresses and its files stay' }],
  run: async (context, { args, options }) => {
    if (!isVpsName(args.name)) throw new UsageError(`'${args.name}' cannot be the name of a VPS: ${VPS_NAME_RULE}`)
    const client = await context.client()
    const task = await runTask(context, options, async (query) =>
      client.vpsRename({ params: { vps: args.vps }, query, body: { name: args.name } }),
    )
    if (task === null) return
    if (options.json) return context.print(JSON.stringify(task, null, 2))
    context.print(options.quiet ? args.name : `renamed ${args.vps} to ${args.name}`)
  },
})
