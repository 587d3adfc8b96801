import { type VzfsDf, formatSize } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { columnsOption } from '../output/columns.ts'
import { meanwhile } from '../output/meanwhile.ts'
import { answeredColumnsHelp, printRows } from '../output/print-rows.ts'
import type { Column } from '../output/table.ts'

interface Row {
  readonly what: 'vps' | 'template' | 'volume'
  readonly name: string
  readonly volume: string | null
  readonly users: number | null
  readonly apparent: number
  readonly private: number
  readonly shared: number
  readonly saved: number
}

const size =
  (of: (row: Row) => number) =>
  (row: Row): string =>
    formatSize(of(row))

const columns: readonly Column<Row>[] = [
  { name: 'what', about: 'VPS, template or volume', value: ({ what }) => what },
  { name: 'name', about: 'its name', shrinks: true, value: ({ name }) => name },
  { name: 'volume', about: 'where a VPS lies; the directory of a volume', shrinks: true, value: ({ volume }) => volume ?? '-' },
  {
    name: 'users',
    about: 'VPSs that use the template',
    right: true,
    value: ({ users }) => (users === null ? '-' : String(users)),
  },
  { name: 'apparent', about: 'lengths of all its files', right: true, value: size((row) => row.apparent) },
  { name: 'private', about: 'what it takes on disk by itself', right: true, value: size((row) => row.private) },
  { name: 'shared', about: 'what the contents take in the pool that it shows', right: true, value: size((row) => row.shared) },
  { name: 'saved', about: 'what would be on disk more without sharing', right: true, value: size((row) => row.saved) },
]

export const vzfsDf = command({
  name: 'vzfs df',
  summary: 'Show what VPSs, templates and volumes take, share and save on disk',
  details: 'What of a volume is saved is the sum of what VPSs save; what of a template is saved is part of it.',
  arguments: {},
  options: { ...columnsOption, ...output },
  examples: [{ line: 'insula vzfs df', about: 'all of them' }],
  run: async (context, { options }) => {
    const listing = {
      all: columns,
      standard: columns.map(({ name }) => name),
      id: ({ name }: Row) => name,
      none: 'there is nothing on the volume',
    }
    if (answeredColumnsHelp(context, listing, options)) return
    const answer = await meanwhile(context, 'counting files', (await context.client()).vzfsDf())
    if (options.json) return context.print(JSON.stringify(answer, null, 2))
    printRows(context, listing, rowsOf(answer), options)
  },
})

function rowsOf({ vps, templates, volumes }: VzfsDf): Row[] {
  return [
    ...vps.map((one): Row => ({ ...one, what: 'vps', users: null })),
    ...templates.map((one): Row => ({ ...one, what: 'template', name: one.ref, volume: null })),
    ...volumes.map((one): Row => ({ ...one, what: 'volume', volume: one.path, users: null })),
  ]
}
