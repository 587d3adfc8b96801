import { type Volume, formatSize } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { columnsOption } from '../output/columns.ts'
import { answeredColumnsHelp, printRows } from '../output/print-rows.ts'
import type { Column } from '../output/table.ts'
import { showDuration } from '../values.ts'

const size = (bytes: number | null): string => (bytes === null ? '-' : formatSize(bytes))
const showGrace = (grace: Volume['grace']): string =>
  grace === null ? '-' : [grace.bytes, grace.inodes].map(showDuration).join(', ')
const yes = (is: boolean | null): string => (is === null ? '-' : is ? 'yes' : 'no')

const columns: readonly Column<Volume>[] = [
  { name: 'name', about: 'its name', value: ({ name }) => name },
  { name: 'path', about: 'its directory', shrinks: true, value: ({ path }) => path },
  { name: 'state', about: 'present, or missing', value: ({ present }) => (present ? 'present' : 'missing') },
  { name: 'vps', about: 'VPSs on it', right: true, value: ({ vps }) => String(vps) },
  { name: 'size', about: 'size of its file system', right: true, value: ({ totalBytes }) => size(totalBytes) },
  { name: 'free', about: 'free there', right: true, value: ({ freeBytes }) => size(freeBytes) },
  { name: 'type', about: 'file system', value: ({ fsType }) => fsType ?? '-' },
  { name: 'reflink', about: 'snapshots and clones share blocks', value: ({ reflink }) => yes(reflink) },
  { name: 'quota', about: 'disk limits of VPSs are enforced', value: ({ projectQuota }) => yes(projectQuota) },
  { name: 'grace', about: 'for soft disk limits: space, inodes', value: ({ grace }) => showGrace(grace) },
  { name: 'device', about: 'what its file system lies on', shrinks: true, value: ({ device }) => device ?? '-' },
  { name: 'image', about: 'the file that holds it', shrinks: true, value: ({ image }) => image ?? '-' },
  { name: 'problem', about: 'why it is missing', shrinks: true, value: ({ problem }) => problem ?? '-' },
]

export const volumeList = command({
  name: 'vzfs volume list',
  summary: 'List the volumes of the node',
  details: 'The first one is that of `./up`. New VPSs lie there unless they or the configuration say otherwise.',
  arguments: {},
  options: { ...columnsOption, ...output },
  examples: [{ line: 'insula vzfs volume list -o name,problem', about: 'what is missing, and why' }],
  run: async (context, { options }) => {
    const listing = {
      all: columns,
      standard: ['name', 'path', 'state', 'vps', 'size', 'free', 'type', 'reflink', 'quota'],
      id: ({ name }: Volume) => name,
      none: 'there is no volume',
    }
    if (answeredColumnsHelp(context, listing, options)) return
    const { volumes } = await (await context.client()).volumeList()
    printRows(context, listing, volumes, options)
  },
})
