import { command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const recover = command({
  name: 'recover',
  summary: 'Rebuild the database from the records in private areas',
  details: 'For a node whose database was lost or damaged. VPSs that run go on running.',
  arguments: {},
  options: { ...taskOptions, ...output },
  examples: [{ line: 'insula recover', about: 'then `insula list` shows them all again' }],
  run: async (context, { options }) => {
    const client = await context.client()
    const task = await runTask(context, options, async (query) => client.recover({ query }))
    if (task === null) return
    if (options.json) return context.print(JSON.stringify(task, null, 2))
    const { damaged = [] } = (task.result ?? {}) as { damaged?: readonly { vps: number; reason: string }[] }
    for (const one of damaged) context.note(`insula: VPS ${one.vps} is not recovered: ${one.reason}`)
    if (damaged.length > 0) context.note('`insula doctor` says what can be done about it')
    const { vps } = await client.vpsList()
    if (options.quiet) vps.forEach(({ name }) => context.print(name))
    else context.print(`recovered; the database now knows ${vps.length} VPS${vps.length === 1 ? '' : 's'}`)
  },
})
