import type { Task } from '@insula/contract/light'
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
    if (task === null) return 0
    const damaged = damagedIn(task)
    for (const { vps, reason } of damaged) context.note(`insula: VPS ${vps} could not be recovered: ${reason}`)
    if (damaged.length > 0)
      context.note('  their private areas are left as they are; `insula doctor` says what can be done about them')
    const code = damaged.length === 0 ? 0 : INCOMPLETE_EXIT
    if (options.json) {
      context.print(JSON.stringify(task, null, 2))
      return code
    }
    const { vps } = await client.vpsList()
    if (options.quiet) vps.forEach(({ name }) => context.print(name))
    else context.print(`recovered; the database now knows ${vps.length} VPS${vps.length === 1 ? '' : 's'}`)
    return code
  },
})

/** As of `doctor`: it did its work, and not all is well. */
const INCOMPLETE_EXIT = 1

interface Damaged {
  readonly vps: number
  readonly reason: string
}

function damagedIn({ result }: Task): readonly Damaged[] {
  return (result as { readonly damaged?: readonly Damaged[] } | null)?.damaged ?? []
}
