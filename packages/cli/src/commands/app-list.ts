import { type App, formatSize } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { columnsOption } from '../output/columns.ts'
import { answeredColumnsHelp, printRows } from '../output/print-rows.ts'
import type { Column } from '../output/table.ts'
import { moment } from '../output/time.ts'

/** Each OS template has a version of its own. */
export function applicationOf({ application, systems }: App): string {
  const versions = [...new Set(systems.flatMap(({ version }) => version ?? []))]
  return versions.length > 1 ? versions.join(', ') : (application ?? '-')
}

const columns: readonly Column<App>[] = [
  { name: 'name', about: 'name', value: ({ name }) => name },
  { name: 'version', about: 'version', value: ({ version }) => version },
  { name: 'latest', about: 'whether its name means this version', value: ({ latest }) => (latest ? 'yes' : 'no') },
  { name: 'application', about: 'version of the application itself', value: applicationOf },
  { name: 'fits', about: 'OS templates', value: ({ systems }) => systems.map(({ os }) => os).join(',') },
  { name: 'size', about: 'bytes of its packages', right: true, value: ({ bytes }) => formatSize(bytes) },
  { name: 'built', about: 'when it was built', value: ({ builtAt }) => moment(builtAt) },
  { name: 'used', about: 'how many VPSs have it', right: true, value: ({ usedBy }) => String(usedBy.length) },
  { name: 'ref', about: 'name and version', value: ({ ref }) => ref },
  { name: 'description', about: 'what it is', shrinks: true, value: ({ description }) => description },
]

export const appList = command({
  name: 'app list',
  summary: 'List apps',
  details: '`insula show` tells which apps a VPS has, `insula template usage` who has which version.',
  arguments: {},
  options: { ...columnsOption, ...output },
  examples: [{ line: 'insula app list', about: 'what can be added to VPSs' }],
  run: async (context, { options }) => {
    const listing = {
      all: columns,
      standard: ['name', 'version', 'latest', 'application', 'fits', 'size', 'built', 'used'],
      id: ({ ref }: App) => ref,
      none: 'no app has been built; `insula template build nginx` builds one',
    }
    if (answeredColumnsHelp(context, listing, options)) return
    printRows(context, listing, (await (await context.client()).appList()).apps, options)
  },
})
