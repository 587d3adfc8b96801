import { command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'
import { mirror } from './template-build.ts'

export const templateUpdate = command({
  name: 'template update',
  summary: 'Build a new version of an OS template if anything has changed',
  details:
    'It is built from the packages of today, and kept only if a package or the definition is another one than in the latest version. VPSs keep theirs.',
  arguments: { name: { about: 'what to build; `insula template list --available` shows what there is', complete: 'definition' } },
  options: {
    mirror: { value: 'URL', about: "package mirror (default: the node's own settings)", parse: mirror },
    ...taskOptions,
    ...output,
  },
  examples: [{ line: 'insula template update debian-12', about: 'a new version, if there are updates' }],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const body = { name: args.name, ifChanged: true, ...(options.mirror === undefined ? {} : { mirror: options.mirror }) }
    const task = await runTask(context, options, async (query) => client.templateBuild({ query, body }))
    if (task === null) return
    const { ref, changed } = task.result as { readonly ref: string; readonly changed: boolean }
    if (options.json) return context.print(JSON.stringify(task.result, null, 2))
    if (options.quiet) return context.print(ref)
    context.print(changed ? `built ${ref}` : `nothing has changed since ${ref}`)
  },
})
