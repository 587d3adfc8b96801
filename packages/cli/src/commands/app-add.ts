import { command } from '../command.ts'
import { appArguments, manyBody, manyOptions, setOption, tellResult } from '../app-options.ts'
import { runTask } from '../task/run-task.ts'

export const appAdd = command({
  name: 'app add',
  summary: 'Add an app to VPSs',
  details:
    'In a VPS that runs, its own package manager installs it from packages that the node has verified; no network is needed. A VPS that is stopped gets it as a shared layer where its own files allow that, and it is configured when the VPS boots. The same command again goes on where one was cut off. Secrets that are made are shown once. Parameters of nginx and apache are port and root; of mariadb and postgresql port, bind, user and password; of redis port, bind and password; `insula app show APP` tells all of them, with what they mean and their defaults.',
  arguments: appArguments,
  options: { ...setOption, ...manyOptions },
  examples: [
    { line: 'insula app add web db nginx --set port=8080', about: 'by name' },
    { line: 'insula app add --template debian-12 nginx --canary 2 --parallel 8', about: 'many, two of them first' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const body = { ...manyBody(args.words, options), parameters: Object.fromEntries(options.set) }
    const task = await runTask(context, options, async (query) => client.appAdd({ query, body }))
    return tellResult(context, task, 'added', options)
  },
})
