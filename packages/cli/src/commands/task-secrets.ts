import { tellSecrets } from '../app-options.ts'
import { command, output } from '../command.ts'
import { taskNumber } from '../values.ts'

export const taskSecrets = command({
  name: 'task secrets',
  summary: 'Take the secrets that a task made',
  details:
    'Passwords of apps that were configured when their VPS booted. They are given once, to whoever asks first, and kept nowhere: who has lost one sets another with `insula app upgrade VPS APP --set password=...`.',
  arguments: { task: { about: 'number', complete: 'task' } },
  options: output,
  examples: [{ line: 'insula task secrets 14', about: 'as `insula task list` names it' }],
  run: async (context, { args, options }) => {
    const { secrets } = await (await context.client()).taskSecrets({ params: { task: taskNumber(args.task) } })
    if (options.json) return context.print(JSON.stringify(secrets, null, 2))
    tellSecrets(context, secrets)
    if (secrets.length === 0) context.note('insula: there are none, or they were taken already')
  },
})
