import type { VpsMounted } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { columnsOption } from '../output/columns.ts'
import { answeredColumnsHelp, printRows } from '../output/print-rows.ts'
import type { Column } from '../output/table.ts'
import { moment } from '../output/time.ts'

const columns: readonly Column<VpsMounted>[] = [
  { name: 'id', about: 'of the VPS', right: true, value: ({ vps }) => String(vps) },
  { name: 'name', about: 'of the VPS, when it was mounted', value: ({ name }) => name },
  { name: 'path', about: 'where its files are', value: ({ path }) => path },
  { name: 'access', about: 'read or write', value: ({ write }) => (write ? 'write' : 'read') },
  { name: 'links', about: 'whether symbolic links are followed', value: ({ followLinks }) => (followLinks ? 'followed' : '-') },
  { name: 'since', about: 'when it was mounted', value: ({ since }) => moment(since) },
]

export const vzfsMounts = command({
  name: 'vzfs mounts',
  summary: 'List the VPSs whose files are mounted on the node',
  arguments: {},
  options: { ...columnsOption, ...output },
  examples: [{ line: 'insula vzfs mounts', about: 'all of them' }],
  run: async (context, { options }) => {
    const listing = {
      all: columns,
      standard: columns.map(({ name }) => name),
      id: ({ name }: VpsMounted) => name,
      none: 'nothing is mounted',
    }
    if (answeredColumnsHelp(context, listing, options)) return
    const { mounts } = await (await context.client()).vzfsMounts({})
    if (options.json) return context.print(JSON.stringify(mounts, null, 2))
    printRows(context, listing, mounts, options)
  },
})
