import { type QuotaEntry, type QuotaList, formatSize } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { columnsOption } from '../output/columns.ts'
import { answeredColumnsHelp, printRows } from '../output/print-rows.ts'
import type { Column } from '../output/table.ts'
import { moment } from '../output/time.ts'
import { oneOf } from '../values.ts'

const KINDS = ['user', 'group'] as const
const kind = oneOf(KINDS)

export const quotaList = command({
  name: 'quota list',
  summary: 'List what users and groups inside a VPS have, and may have',
  arguments: { vps: { about: 'name or id', complete: 'vps' } },
  options: {
    kind: { value: 'KIND', about: 'only users, or only groups', parse: kind, complete: KINDS },
    ...columnsOption,
    ...output,
  },
  examples: [
    { line: 'insula quota list web', about: 'all that have files or limits' },
    { line: 'insula quota list web --kind user', about: 'only users' },
  ],
  run: async (context, { args, options }) => {
    const listing = {
      all: columns,
      standard: columns.map(({ name }) => name),
      id: ({ kind, id }: QuotaEntry) => `${kind} ${id}`,
      none: 'no user or group has files or limits',
    }
    if (answeredColumnsHelp(context, listing, options)) return
    const query = options.kind === undefined ? {} : { kind: options.kind }
    const list = await (await context.client()).quotaList({ params: { vps: args.vps }, query })
    printRows(context, listing, list.entries, options)
    for (const what of withoutEffect(list)) context.note(`insula: ${what}`)
  },
})

/** Limits are listed as they are wanted, whether they hold or not. */
function withoutEffect({ entries, accounted, enforced }: QuotaList): string[] {
  const off = KINDS.filter((each) => !enforced[each] && entries.some((entry) => entry.kind === each && isLimited(entry)))
  const back = accounted === 0 ? '--quota-ugid is 0' : 'root of the VPS has turned them off, quotaon inside turns them on'
  return off.map((each) => `limits of ${each}s do not hold: ${back}`)
}

const isLimited = ({ bytesSoft, bytesHard, inodesSoft, inodesHard }: QuotaEntry): boolean =>
  [bytesSoft, bytesHard, inodesSoft, inodesHard].some((value) => value !== null)

const limit = (value: number | null, show: (value: number) => string = String): string => (value === null ? '-' : show(value))

const columns: readonly Column<QuotaEntry>[] = [
  { name: 'kind', about: 'user or group', value: ({ kind }) => kind },
  { name: 'id', about: 'its number inside', right: true, value: ({ id }) => String(id) },
  { name: 'used', about: 'disk space', right: true, value: ({ bytes }) => formatSize(bytes) },
  { name: 'soft', about: 'what may be exceeded for a time', right: true, value: ({ bytesSoft }) => limit(bytesSoft, formatSize) },
  { name: 'hard', about: 'what may not be exceeded', right: true, value: ({ bytesHard }) => limit(bytesHard, formatSize) },
  { name: 'grace', about: 'until when', value: ({ bytesGraceEnds }) => (bytesGraceEnds === null ? '-' : moment(bytesGraceEnds)) },
  { name: 'inodes', about: 'files and directories', right: true, value: ({ inodes }) => String(inodes) },
  { name: 'inodes-soft', about: 'what may be exceeded for a time', right: true, value: ({ inodesSoft }) => limit(inodesSoft) },
  { name: 'inodes-hard', about: 'what may not be exceeded', right: true, value: ({ inodesHard }) => limit(inodesHard) },
  {
    name: 'inodes-grace',
    about: 'until when',
    value: ({ inodesGraceEnds }) => (inodesGraceEnds === null ? '-' : moment(inodesGraceEnds)),
  },
]
