import { command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const vzfsRebase = command({
  name: 'vzfs rebase',
  summary: 'Move a stopped VPS to another version of its template',
  details:
    'Its private files stay, also those that it changed or installed; what it had from the old template it has from the new one. Where a private file depends on what the new template has not, it is refused, and names the files in the way.',
  arguments: {
    vps: { about: 'name or id', complete: 'vps' },
    template: { about: 'a name means its latest version', complete: 'template' },
  },
  options: { ...taskOptions, ...output },
  examples: [{ line: 'insula vzfs rebase web debian-12', about: 'to the version that was built last' }],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const task = await runTask(context, options, async (query) =>
      client.vpsRebase({ params: { vps: args.vps }, query, body: { template: args.template } }),
    )
    if (task === null) return
    const { vps } = await client.vpsShow({ params: { vps: args.vps } })
    if (options.json) return context.print(JSON.stringify(vps, null, 2))
    context.print(options.quiet ? vps.name : `rebased ${vps.name} on ${vps.template}`)
  },
})
