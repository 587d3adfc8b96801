import { command } from '../command.ts'
import { appArguments, manyBody, manyOptions, tellResult } from '../app-options.ts'
import { runTask } from '../task/run-task.ts'

export const appRemove = command({
  name: 'app remove',
  summary: 'Remove an app from VPSs',
  details:
    'From VPSs that run or are stopped, with the packages that came with it and that nothing else needs. Configuration and databases stay, unless --purge is given.',
  arguments: appArguments,
  options: { purge: { about: 'its configuration and data too' }, ...manyOptions },
  examples: [
    { line: 'insula app remove web nginx', about: 'its configuration stays' },
    { line: 'insula app remove --app nginx nginx --purge', about: 'everywhere, and nothing of it stays' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const body = { ...manyBody(args.words, options), ...(options.purge ? { purge: true } : {}) }
    const task = await runTask(context, options, async (query) => client.appRemove({ query, body }))
    return tellResult(context, task, 'removed', options)
  },
})
