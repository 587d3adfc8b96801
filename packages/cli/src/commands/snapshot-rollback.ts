import { command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const snapshotRollback = command({
  name: 'snapshot rollback',
  summary: 'Bring the private files of a stopped VPS back to a snapshot',
  details:
    'With them come the version of its template and the disk quota of its users of then. Its limits, addresses and other settings stay as they are. What its files are ' +
    'now is kept as another snapshot, for a week.',
  arguments: { vps: { about: 'name or id', complete: 'vps' }, name: { about: 'the snapshot' } },
  options: { ...taskOptions, ...output },
  examples: [
    { line: 'insula stop web && insula snapshot rollback web before-upgrade && insula start web', about: 'back to what it was' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const params = { vps: args.vps, snapshot: args.name }
    const task = await runTask(context, options, async (query) => client.snapshotRollback({ params, query }))
    if (task === null) return
    if (options.json) return context.print(JSON.stringify(task.result, null, 2))
    const { before } = task.result as { before: string }
    context.print(options.quiet ? before : `${args.vps} is what it was at ${args.name}; what it was before is snapshot ${before}`)
  },
})
