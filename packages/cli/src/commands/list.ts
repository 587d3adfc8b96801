import { ApiFailure } from '@insula/contract/api-failure'
import { VPS_STATES, type Vps } from '@insula/contract/light'
import { command, output } from '../command.ts'
import type { Context } from '../context.ts'
import { columnsOption } from '../output/columns.ts'
import { answeredColumnsHelp, printRows } from '../output/print-rows.ts'
import { filterOf, filterOptions } from '../selection.ts'
import { oneOf } from '../values.ts'
import { type CpuUse, STANDARD_VPS_COLUMNS, vpsColumns } from '../vps-columns.ts'

const state = oneOf(VPS_STATES)

/** Between two looks at CPU time. */
const SAMPLE = 500

export const list = command({
  name: 'list',
  summary: 'List VPSs',
  details: 'What VPSs use is sampled every 10 s, and `-` until it was; `insula show VPS` and the column cpu% look at once.',
  arguments: { vps: { about: 'only these, by name or id', many: true, optional: true, complete: 'vps' } },
  options: {
    state: { short: 's', value: 'STATE', about: 'only those in this state', parse: state, complete: VPS_STATES },
    ...filterOptions,
    ...columnsOption,
    ...output,
  },
  examples: [
    { line: 'insula list', about: 'all of them' },
    { line: 'insula list -s running -o name,uptime,cpu%', about: 'chosen columns' },
    { line: 'insula list --label role=web --plan gold', about: 'those with a label and a plan' },
    { line: 'insula list -q | xargs insula stop', about: 'only names, for other commands' },
    { line: 'insula list --json | jq -r ".[].addresses[]"', about: 'JSON' },
  ],
  run: async (context, { args, options }) => {
    const listing = (cpu: CpuUse) => ({
      all: vpsColumns(cpu),
      standard: STANDARD_VPS_COLUMNS,
      id: ({ name }: Vps) => name,
      none: isFiltered(options) ? 'no VPS is like that' : 'there is no VPS; `insula create NAME --template debian-12` makes one',
    })
    if (answeredColumnsHelp(context, listing(new Map()), options)) return
    const sampled = options.columns?.split(',').includes('cpu%') === true && !options.json && !options.quiet
    const vps = await chosen(context, args.vps, { state: options.state, filter: filterOf(options), fresh: sampled })
    printRows(context, listing(sampled ? await cpuUse(context, vps) : new Map()), vps, options)
  },
})

const isFiltered = (options: { readonly state: unknown } & Parameters<typeof filterOf>[0]): boolean =>
  options.state !== undefined || Object.keys(filterOf(options)).length > 0

interface Wanted {
  readonly state: Vps['state'] | undefined
  readonly filter: ReturnType<typeof filterOf>
  /** What they use as of now. */
  readonly fresh: boolean
}

async function chosen(context: Context, names: readonly string[], { state, filter, fresh }: Wanted): Promise<Vps[]> {
  const query = { ...filter, ...(state === undefined ? {} : { state }), ...(fresh ? { fresh } : {}) }
  const { vps } = await (await context.client()).vpsList({ query })
  if (vps.length === 0 && state === undefined && Object.keys(filter).length === 0) await tellWhyNone(context)
  for (const name of names) {
    if (vps.some((one) => one.name === name || String(one.id) === name)) continue
    throw new ApiFailure({
      code: 'not_found',
      message: `there is no ${state ?? ''} VPS "${name}"${Object.keys(filter).length === 0 ? '' : ' like that'}`.replace(
        '  ',
        ' ',
      ),
      remedy: 'see `insula list` for those of this node',
    })
  }
  return names.length === 0 ? vps : vps.filter(({ id, name }) => names.includes(name) || names.includes(String(id)))
}

/** There may be some that a new database does not know. */
async function tellWhyNone(context: Context): Promise<void> {
  const { problems } = await (await context.client()).health()
  for (const problem of problems) context.note(`insula: ${problem}`)
}

async function cpuUse(context: Context, before: readonly Vps[]): Promise<CpuUse> {
  const begin = performance.now()
  await new Promise((resolve) => setTimeout(resolve, SAMPLE))
  const { vps } = await (await context.client()).vpsList({ query: { fresh: true } })
  const microseconds = (performance.now() - begin) * 1000
  const first = new Map(before.map(({ id, usage }) => [id, usage?.cpuMicroseconds]))
  return new Map(
    vps.flatMap(({ id, usage }) => {
      const from = first.get(id)
      return usage === null || from === undefined
        ? []
        : [[id, (Math.max(0, usage.cpuMicroseconds - from) / microseconds) * 100] as const]
    }),
  )
}
