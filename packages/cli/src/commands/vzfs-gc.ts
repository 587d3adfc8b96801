import { type Task, type VzfsGcResult, formatSize } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const vzfsGc = command({
  name: 'vzfs gc',
  summary: 'Delete contents of the pool that nothing names any more, and shared layers of apps that no VPS uses',
  details: 'Everything else goes on meanwhile. It also happens by itself after a template was removed.',
  arguments: {},
  options: { 'dry-run': { about: 'only say what would be deleted' }, ...taskOptions, ...output },
  examples: [{ line: 'insula vzfs gc --dry-run', about: 'what it would win' }],
  run: async (context, { options }) => {
    const client = await context.client()
    const body = { dryRun: options['dry-run'] }
    const task = await runTask(context, options, async (query) => client.vzfsGc({ query, body }))
    if (task === null) return
    const result = resultOf(task)
    if (options.json) return context.print(JSON.stringify(result, null, 2))
    if (options.quiet) return context.print(String(result.bytes))
    const { files, bytes, layers, dryRun } = result
    const done = dryRun ? 'would delete' : 'deleted'
    for (const { os, apps } of layers) context.print(`${done} the shared layer of ${apps.join(', ')} on ${os}, which no VPS uses`)
    context.print(
      `${done} ${files} contents, ${formatSize(bytes)}${dryRun && layers.length > 0 ? ', and what these layers alone name' : ''}`,
    )
  },
})

const resultOf = ({ result }: Task): VzfsGcResult => result as VzfsGcResult
