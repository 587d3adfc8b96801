import { type Snapshot, formatSize } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { columnsOption } from '../output/columns.ts'
import { answeredColumnsHelp, printRows } from '../output/print-rows.ts'
import type { Column } from '../output/table.ts'
import { moment } from '../output/time.ts'

const columns: readonly Column<Snapshot>[] = [
  { name: 'name', about: 'name', value: ({ name }) => name },
  { name: 'created', about: 'when it was made', value: ({ createdAt }) => moment(createdAt) },
  { name: 'expires', about: 'when it is removed', value: ({ expiresAt }) => (expiresAt === null ? '-' : moment(expiresAt)) },
  { name: 'size', about: 'what it takes of the disk limit', right: true, value: ({ bytes }) => formatSize(bytes) },
  { name: 'inodes', about: 'files and directories', right: true, value: ({ inodes }) => String(inodes) },
  { name: 'cause', about: 'asked for, made by schedule, or what was there before a rollback', value: ({ cause }) => cause },
  { name: 'template', about: 'version of the OS template then', value: ({ template }) => template ?? '-' },
  { name: 'comment', about: 'what it is for', shrinks: true, value: ({ comment }) => comment ?? '-' },
]

export const snapshotList = command({
  name: 'snapshot list',
  summary: 'List the snapshots of a VPS, oldest first',
  arguments: { vps: { about: 'name or id', complete: 'vps' } },
  options: { ...columnsOption, ...output },
  examples: [
    { line: 'insula snapshot list web', about: 'with size and expiry' },
    { line: 'insula snapshot list web -q', about: 'names alone' },
  ],
  run: async (context, { args, options }) => {
    const listing = {
      all: columns,
      standard: ['name', 'created', 'expires', 'size', 'cause', 'comment'],
      id: ({ name }: Snapshot) => name,
      none: 'it has no snapshot; `insula snapshot create` makes one',
    }
    if (answeredColumnsHelp(context, listing, options)) return
    const { snapshots } = await (await context.client()).snapshotList({ params: { vps: args.vps } })
    printRows(context, listing, snapshots, options)
  },
})
