import type { UpdateStatus } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { columnsOption } from '../output/columns.ts'
import { answeredColumnsHelp, printRows } from '../output/print-rows.ts'
import { filterOf, filterOptions } from '../selection.ts'
import type { Column } from '../output/table.ts'

const columns: readonly Column<UpdateStatus>[] = [
  { name: 'vps', about: 'its id', right: true, value: ({ vps }) => String(vps) },
  { name: 'name', about: 'its name', value: ({ name }) => name },
  { name: 'at', about: 'the version that it has the packages of', value: ({ at }) => at },
  { name: 'latest', about: 'the latest version of its template', value: ({ latest }) => latest },
  { name: 'packages', about: 'so many are others there', right: true, value: ({ packages }) => String(packages) },
  { name: 'policy', about: 'when it is updated by itself', value: ({ policy }) => policy },
]

export const updateStatus = command({
  name: 'update status',
  summary: 'Which VPSs wait for updates of their OS template',
  details:
    'Ends with 1 when updates wait, else with 0. What is compared are versions of templates that this node has: `insula template update` makes new ones. ' +
    'Without names, VPSs for which nothing waits are left out.',
  arguments: { vps: { about: 'VPSs by name or id; all when none is named', many: true, optional: true, complete: 'vps' } },
  options: { ...filterOptions, ...columnsOption, ...output },
  examples: [
    { line: 'insula template update debian-12 && insula update status', about: 'what a new version would bring' },
    { line: 'insula update status -q || mail admin', about: 'in a script' },
  ],
  run: async (context, { args, options }) => {
    const listing = {
      all: columns,
      standard: columns.map(({ name }) => name),
      id: ({ name }: UpdateStatus) => name,
      none: 'no updates wait',
    }
    if (answeredColumnsHelp(context, listing, options)) return 0
    const client = await context.client()
    // An unknown one is an error.
    const named = await Promise.all(args.vps.map(async (vps) => (await client.vpsShow({ params: { vps } })).vps.id))
    const among = await client.vpsList({ query: filterOf(options) })
    const { updates } = await client.updateStatus()
    const shown = updates
      .filter(({ vps, packages }) => (named.length === 0 ? packages > 0 : named.includes(vps)))
      .filter(({ vps }) => among.vps.some(({ id }) => id === vps))
    if (shown.length === 0 && !options.json && !options.quiet) context.note('no updates wait')
    else printRows(context, listing, shown, options)
    return shown.some(({ packages }) => packages > 0) ? 1 : 0
  },
})
