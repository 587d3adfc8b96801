import { SNAPSHOT_NAME_RULE, type Snapshot, isSnapshotName } from '@insula/contract/light'
import { UsageError, command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'
import { duration } from '../values.ts'

export const snapshotCreate = command({
  name: 'snapshot create',
  summary: 'Make a snapshot of the private files of a VPS',
  details:
    'Of one moment, also while the VPS runs: it stands still while its files are copied. On XFS that is a moment. On a volume whose files ' +
    'cannot share blocks it takes as long as a copy, and has to be allowed with --suspend. A snapshot counts for the disk limit of the VPS.',
  arguments: {
    vps: { about: 'name or id', complete: 'vps' },
    name: { about: `${SNAPSHOT_NAME_RULE} (default: the time)`, optional: true },
  },
  options: {
    comment: { value: 'TEXT', about: 'what it is for' },
    expires: { value: 'TIME', about: 'remove it after 7d, 12h, 30m (default: never)', parse: duration },
    suspend: { about: 'also where the VPS has to stand still for as long as a copy takes' },
    ...taskOptions,
    ...output,
  },
  examples: [
    { line: 'insula snapshot create web', about: 'named for the time' },
    { line: 'insula snapshot create web before-upgrade --expires 7d', about: 'to be removed after a week' },
  ],
  run: async (context, { args, options }) => {
    const { comment, expires, suspend } = options
    const { name } = args
    if (name !== undefined && !isSnapshotName(name))
      throw new UsageError(`'${name}' cannot be the name of a snapshot: ${SNAPSHOT_NAME_RULE}`)
    const body = {
      ...(name === undefined ? {} : { name }),
      ...(comment === undefined ? {} : { comment }),
      ...(expires === undefined ? {} : { expires }),
      ...(suspend ? { suspend } : {}),
    }
    const client = await context.client()
    const task = await runTask(context, options, async (query) =>
      client.snapshotCreate({ params: { vps: args.vps }, query, body }),
    )
    if (task === null) return
    if (options.json) return context.print(JSON.stringify(task.result, null, 2))
    const made = (task.result as Snapshot | null)?.name ?? name ?? ''
    context.print(options.quiet ? made : `made snapshot ${made} of ${args.vps}`)
  },
})
