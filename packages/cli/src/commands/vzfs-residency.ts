import { type VzfsResidency, formatSize } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { columnsOption } from '../output/columns.ts'
import { meanwhile } from '../output/meanwhile.ts'
import { answeredColumnsHelp, printRows } from '../output/print-rows.ts'
import { table, type Column } from '../output/table.ts'
import { wholeNumber } from '../values.ts'

type Row = VzfsResidency['templates'][number]
type File = Row['biggest'][number]

const columns: readonly Column<Row>[] = [
  { name: 'template', about: 'name and version', value: ({ ref }) => ref },
  { name: 'running', about: 'VPSs of it that run', right: true, value: ({ users }) => String(users) },
  { name: 'files', about: 'its files in the pool', right: true, value: ({ files }) => String(files) },
  { name: 'bytes', about: 'their bytes', right: true, value: ({ bytes }) => formatSize(bytes) },
  {
    name: 'in-ram',
    about: 'files of which something is in RAM',
    right: true,
    value: ({ residentFiles }) => String(residentFiles),
  },
  { name: 'resident', about: 'bytes of them in RAM', right: true, value: ({ resident }) => formatSize(resident) },
  {
    name: 'saved',
    about: 'RAM that its VPSs would need more without sharing',
    right: true,
    value: ({ saved }) => formatSize(saved),
  },
]

const files: readonly Column<File>[] = [
  { name: 'resident', about: 'bytes in RAM', right: true, value: ({ resident }) => formatSize(resident) },
  { name: 'bytes', about: 'its length', right: true, value: ({ bytes }) => formatSize(bytes) },
  { name: 'path', about: 'where it is in the template', value: ({ path }) => path },
]

interface Sharer {
  readonly what: 'vps' | 'volume'
  readonly name: string
  readonly volume: string
  readonly resident: number
  readonly saved: number
}

const sharers: readonly Column<Sharer>[] = [
  { name: 'what', about: 'VPS or volume', value: ({ what }) => what },
  { name: 'name', about: 'its name', shrinks: true, value: ({ name }) => name },
  { name: 'volume', about: 'where a VPS lies', shrinks: true, value: ({ volume }) => volume },
  { name: 'resident', about: 'in RAM of what it shares', right: true, value: ({ resident }) => formatSize(resident) },
  { name: 'saved', about: 'its part of the RAM that is saved', right: true, value: ({ saved }) => formatSize(saved) },
]

export const vzfsResidency = command({
  name: 'vzfs residency',
  summary: 'Show what of templates is in RAM, and for how many VPSs',
  arguments: {
    template: { about: 'only this one; name (its latest version) or name@version', optional: true, complete: 'template' },
  },
  options: {
    vps: { about: 'by VPS that runs, and by volume, in place of by template' },
    files: { value: 'N', about: 'also the N files of each that have most in RAM', parse: wholeNumber(0, 1000) },
    ...columnsOption,
    ...output,
  },
  examples: [
    { line: 'insula vzfs residency', about: 'all templates' },
    { line: 'insula vzfs residency debian-12 --files 10', about: 'one, and what of it is in RAM' },
    { line: 'insula vzfs residency --vps', about: 'what of that each VPS uses' },
  ],
  run: async (context, { args, options }) => {
    const bySharer = {
      all: sharers,
      standard: sharers.map(({ name }) => name),
      id: ({ name }: Sharer) => name,
      none: 'there is no volume',
    }
    if (options.vps && answeredColumnsHelp(context, bySharer, options)) return
    const listing = {
      all: columns,
      standard: columns.map(({ name }) => name),
      id: ({ ref }: Row) => ref,
      none: 'there is no template',
    }
    if (answeredColumnsHelp(context, listing, options)) return
    const query = {
      ...(args.template === undefined ? {} : { template: args.template }),
      ...(options.files === undefined ? {} : { files: options.files }),
    }
    const answer = await meanwhile(context, 'looking at RAM', (await context.client()).vzfsResidency({ query }))
    if (options.json) return context.print(JSON.stringify(answer, null, 2))
    if (options.vps) return printRows(context, bySharer, sharersIn(answer), options)
    printRows(context, listing, answer.templates, options)
    if (options.quiet) return
    for (const { ref, biggest } of answer.templates) {
      if (biggest.length === 0) continue
      context.print(`\n${ref}`)
      context.print(table(biggest, files, context.width))
    }
  },
})

function sharersIn({ vps, volumes }: VzfsResidency): Sharer[] {
  return [
    ...vps.map((one): Sharer => ({ ...one, what: 'vps' })),
    ...volumes.map((one): Sharer => ({ ...one, what: 'volume', volume: '-' })),
  ]
}
