import { UsageError, command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const templateBuild = command({
  name: 'template build',
  summary: 'Build a new version of an OS template or an app',
  details: 'VPSs go on with the version they were created from.',
  arguments: { name: { about: 'what to build; `insula template list --available` shows what there is', complete: 'definition' } },
  options: {
    mirror: { value: 'URL', about: "package mirror (default: the node's own settings)", parse: mirror },
    ...taskOptions,
    ...output,
  },
  examples: [
    { line: 'insula template build debian-12', about: "from the node's own mirror" },
    { line: 'insula template build debian-13 --mirror http://mirror.example/debian', about: 'from another one' },
    { line: 'insula template build nginx', about: 'an app, for the OS templates of this node that it fits' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const body = { name: args.name, ...(options.mirror === undefined ? {} : { mirror: options.mirror }) }
    const task = await runTask(context, options, async (query) => client.templateBuild({ query, body }))
    if (task === null) return
    const { app } = (task.result ?? {}) as { app?: string }
    if (app !== undefined)
      return context.print(options.json ? JSON.stringify({ app }, null, 2) : options.quiet ? app : `built ${app}`)
    const { template } = await client.templateShow({ params: { template: args.name } })
    if (options.json) return context.print(JSON.stringify(template, null, 2))
    context.print(options.quiet ? template.ref : `built ${template.ref}`)
  },
})

export function mirror(text: string): string {
  if (/^https?:\/\/[^\s/]/.test(text) && URL.canParse(text)) return text
  throw new UsageError(`takes an address such as http://mirror.example/debian, not '${text}'`)
}
