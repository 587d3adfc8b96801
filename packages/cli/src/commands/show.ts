import { type Vps, formatSize } from '@insula/contract/light'
import { UsageError, command, output } from '../command.ts'
import { columnsHelp, columnsOption } from '../output/columns.ts'
import { moment } from '../output/time.ts'
import { shown as schedule } from './snapshot-schedule.ts'
import { vpsColumns } from '../vps-columns.ts'

export const show = command({
  name: 'show',
  summary: 'Show everything about a VPS',
  details: 'What it uses is as of now.',
  arguments: { vps: { about: 'name or id', complete: 'vps' } },
  options: { ...columnsOption, ...output },
  examples: [
    { line: 'insula show web', about: 'settings, limits and what it uses' },
    { line: 'insula show web -o addresses', about: 'one value and nothing else' },
    { line: 'insula show web --json | jq .limits', about: 'JSON' },
  ],
  run: async (context, { args, options }) => {
    const columns = vpsColumns(new Map()).filter(({ name }) => name !== 'cpu%')
    if (options.columns === 'help') return context.print(columnsHelp(columns))
    const chosen = options.columns?.split(',').map((name) => {
      const column = columns.find((one) => one.name === name)
      if (column === undefined)
        throw new UsageError(`there is no column '${name}'; there are ${columns.map((one) => one.name).join(', ')}`)
      return column
    })
    const { vps } = await (await context.client()).vpsShow({ params: { vps: args.vps } })
    if (options.json) return context.print(JSON.stringify(vps, null, 2))
    if (options.quiet) return context.print(vps.name)
    if (chosen !== undefined) return chosen.forEach(({ value }) => context.print(value(vps)))
    // Those are told with their versions.
    const lines = [
      ...columns.filter(({ name }) => name !== 'apps').map(({ name, value }) => [name, value(vps)] as const),
      ...more(vps),
    ]
    const width = Math.max(...lines.map(([name]) => name.length))
    for (const [name, value] of lines) if (value !== '-') context.print(`${name.padEnd(width)}  ${value}`)
  },
})

const APP_STATES: Readonly<Record<string, string>> = { pending: 'configured when it boots' }

const softLimits = ({ diskSoft, inodesSoft }: Vps['limits']): string =>
  [diskSoft === null ? [] : `soft ${formatSize(diskSoft)}`, inodesSoft === null ? [] : `soft ${inodesSoft} inodes`]
    .flat()
    .join(', ') || '-'

function more({ apps, disk, limits, lastExit, relinkDue, snapshots }: Vps): (readonly [string, string])[] {
  const how = lastExit?.request ?? (lastExit?.signal === null ? `code ${lastExit.code ?? '?'}` : lastExit?.signal)
  return [
    ['disk-limits', disk?.enforced === false ? 'not enforced on this volume' : softLimits(limits)],
    [
      'disk-grace',
      [disk?.bytesGraceEnds, disk?.inodesGraceEnds]
        .map((end) => (end ? `until ${moment(end)}` : ''))
        .join(' ')
        .trim() || '-',
    ],
    [
      'apps',
      apps.map(({ ref, state }) => (state === 'ready' ? ref : `${ref} (${APP_STATES[state] ?? state})`)).join(', ') || '-',
    ],
    ...apps.flatMap(({ name, problem }) => (problem === null ? [] : [[`problem of ${name}`, problem] as const])),
    ['relink', relinkDue ? 'when it stops or starts next' : '-'],
    ['snapshots', snapshots === null ? '-' : schedule(snapshots)],
    ['last-exit', lastExit === null ? '-' : `${how}, ${moment(lastExit.at)}`],
  ]
}
