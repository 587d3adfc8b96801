import { command } from '../command.ts'
import { appArguments, manyBody, manyOptions, setOption, tellResult } from '../app-options.ts'
import { runTask } from '../task/run-task.ts'

export const appUpgrade = command({
  name: 'app upgrade',
  summary: 'Upgrade an app in VPSs',
  details:
    'To its latest version, or the one that is named, in VPSs that run or are stopped. Parameters keep their values unless --set says otherwise.',
  arguments: appArguments,
  options: { ...setOption, ...manyOptions },
  examples: [
    { line: 'insula app upgrade web nginx', about: 'by name' },
    { line: 'insula app upgrade --app nginx@2026-11-26.1 nginx --canary 2', about: 'many, two of them first' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const body = { ...manyBody(args.words, options), parameters: Object.fromEntries(options.set) }
    const task = await runTask(context, options, async (query) => client.appUpgrade({ query, body }))
    return tellResult(context, task, 'upgraded', options)
  },
})
