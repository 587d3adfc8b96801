import { command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const templateRemove = command({
  name: 'template remove',
  summary: 'Remove a version of an OS template, or of an app, that no VPS uses',
  arguments: { template: { about: 'name (its latest version) or name@version', complete: 'template' } },
  options: { ...taskOptions, ...output },
  examples: [{ line: 'insula template remove debian-12@2026-11-23.1', about: 'one version' }],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const task = await runTask(context, options, async (query) =>
      client.templateRemove({ params: { template: args.template }, query }),
    )
    if (task === null) return
    if (options.json) return context.print(JSON.stringify(task, null, 2))
    context.print(options.quiet ? task.subject : `removed ${task.subject}`)
  },
})
