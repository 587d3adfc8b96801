import type { TemplateDiff } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { printRows } from '../output/print-rows.ts'

export const templateDiff = command({
  name: 'template diff',
  summary: 'Show the packages that differ between two versions of OS templates',
  arguments: {
    from: { about: 'name (its latest version) or name@version', complete: 'template' },
    to: { about: 'the other one', complete: 'template' },
  },
  options: output,
  examples: [
    {
      line: 'insula template diff debian-12@2026-11-22.1 debian-12',
      about: 'what its latest version has that an older one has not',
    },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const { diff } = await client.templateDiff({ params: { template: args.from }, query: { to: args.to } })
    if (options.json) return context.print(JSON.stringify(diff, null, 2))
    if (diff.definition && !options.quiet) context.print('their definitions differ')
    const none = diff.packages.length === 0 && !options.quiet
    if (none) return context.print(diff.from === diff.to ? `both are ${diff.from}` : ROWS.none)
    printRows(context, ROWS, diff.packages, { ...options, json: false, columns: undefined })
  },
})

type Change = TemplateDiff['packages'][number]

const ROWS = {
  all: [
    { name: 'package', about: 'name', value: ({ name }: Change) => name },
    { name: 'arch', about: 'architecture', value: ({ architecture }: Change) => architecture },
    { name: 'from', about: 'version in the first', value: ({ from }: Change) => from ?? '-' },
    { name: 'to', about: 'version in the second', value: ({ to }: Change) => to ?? '-' },
  ],
  standard: ['package', 'arch', 'from', 'to'],
  id: ({ name }: Change) => name,
  none: 'they have the same packages',
}
