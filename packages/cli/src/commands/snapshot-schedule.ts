import type { SnapshotSchedule } from '@insula/contract/light'
import { UsageError, command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'
import { duration, showDuration, wholeNumber } from '../values.ts'

const KEPT = 7

export const snapshotSchedule = command({
  name: 'snapshot schedule',
  summary: 'Show or set when snapshots of a VPS are made by themselves',
  details:
    'The last ones of the schedule are kept, older ones are removed; those made by hand are not counted. What was missed while the node was down is made up for by one.',
  arguments: { vps: { about: 'name or id', complete: 'vps' } },
  options: {
    every: { value: 'TIME', about: 'so often: 1d, 12h, 30m', parse: duration },
    at: { value: 'CRON', about: 'at times as cron says them: "30 3 * * *"' },
    keep: { value: 'COUNT', about: `how many are kept (default: ${KEPT})`, parse: wholeNumber(1, 1000) },
    suspend: { about: 'also where the VPS has to stand still for as long as a copy takes' },
    off: { about: 'make none any more; those that are there stay' },
    ...taskOptions,
    ...output,
  },
  examples: [
    { line: 'insula snapshot schedule web --every 1d --keep 7', about: 'a week of daily ones' },
    { line: 'insula snapshot schedule web --at "30 3 * * 0" --keep 4', about: 'on Sundays at half past three' },
    { line: 'insula snapshot schedule web', about: 'show' },
  ],
  run: async (context, { args, options }) => {
    const { every, at, keep, suspend, off } = options
    const client = await context.client()
    const params = { vps: args.vps }
    const chosen = [every, at, off || undefined].filter((one) => one !== undefined).length
    if (chosen > 1) throw new UsageError('takes one of --every, --at and --off')
    if (chosen === 1) {
      if (off && (keep !== undefined || suspend)) throw new UsageError('takes nothing else with --off')
      const schedule = { every: every ?? null, at: at ?? null, keep: keep ?? KEPT, suspend }
      const body = { snapshots: off ? null : schedule }
      if ((await runTask(context, options, async (query) => client.vpsChange({ params, query, body }))) === null) return
    } else if (keep !== undefined || suspend) throw new UsageError('needs --every or --at')
    const { vps } = await client.vpsShow({ params })
    if (options.json) return context.print(JSON.stringify(vps.snapshots, null, 2))
    context.print(options.quiet ? vps.name : shown(vps.snapshots))
  },
})

export function shown(schedule: SnapshotSchedule | null): string {
  if (schedule === null) return 'none are made by themselves'
  const { every, at, keep } = schedule
  return `${at === null ? `every ${showDuration(every ?? 0)}` : `at "${at}"`}, the last ${keep} are kept`
}
