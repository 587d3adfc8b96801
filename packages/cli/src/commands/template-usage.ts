import type { TemplateUsage } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { columnsOption } from '../output/columns.ts'
import { answeredColumnsHelp, printRows } from '../output/print-rows.ts'
import type { Column } from '../output/table.ts'

type Row = TemplateUsage['usage'][number]

const columns: readonly Column<Row>[] = [
  { name: 'ref', about: 'name and version', value: ({ ref }) => ref },
  { name: 'kind', about: 'os or app', value: ({ kind }) => kind },
  { name: 'latest', about: 'whether its name means this version', value: ({ latest }) => (latest ? 'yes' : 'no') },
  { name: 'count', about: 'how many VPSs', right: true, value: ({ vps }) => String(vps.length) },
  { name: 'vps', about: 'which', shrinks: true, value: ({ vps }) => vps.map(({ name }) => name).join(',') || '-' },
]

export const templateUsage = command({
  name: 'template usage',
  summary: 'Which VPSs use which versions of templates and apps',
  arguments: {},
  options: { ...columnsOption, ...output },
  examples: [{ line: 'insula template usage', about: 'all versions on this node' }],
  run: async (context, { options }) => {
    const listing = {
      all: columns,
      standard: ['ref', 'kind', 'latest', 'count', 'vps'],
      id: ({ ref }: Row) => ref,
      none: 'no template has been built',
    }
    if (answeredColumnsHelp(context, listing, options)) return
    printRows(context, listing, (await (await context.client()).templateUsage()).usage, options)
  },
})
