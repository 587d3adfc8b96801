import type { QuotaGraceChange, QuotaGraces, QuotaList } from '@insula/contract/light'
import { UsageError, command, output } from '../command.ts'
import { duration, oneOf, showDuration } from '../values.ts'

const KINDS = ['user', 'group'] as const
const kindOf = oneOf(KINDS)

export const quotaGrace = command({
  name: 'quota grace',
  summary: 'Show or set how long users and groups inside a VPS may exceed their soft limits',
  details: 'A time that runs already keeps its end. Without --disk and --inodes the times are shown.',
  arguments: { vps: { about: 'name or id', complete: 'vps' } },
  options: {
    kind: { value: 'KIND', about: 'only users, or only groups', parse: kindOf, complete: KINDS },
    disk: { value: 'TIME', about: 'for disk space: 7d, 12h, 30m, 90s', parse: duration },
    inodes: { value: 'TIME', about: 'for files and directories', parse: duration },
    ...output,
  },
  examples: [
    { line: 'insula quota grace web', about: 'show' },
    { line: 'insula quota grace web --disk 3d --inodes 12h', about: 'set, for users and groups' },
  ],
  run: async (context, { args, options }) => {
    const { kind, disk, inodes } = options
    const client = await context.client()
    const params = { vps: args.vps }
    if (disk === undefined && inodes === undefined) {
      if (kind !== undefined) throw new UsageError('needs --disk or --inodes with --kind')
      const { grace, enforced } = await client.quotaList({ params, query: {} })
      return context.print(options.json ? JSON.stringify(grace, null, 2) : shown(grace, enforced).join('\n'))
    }
    const body: QuotaGraceChange = {
      ...(kind === undefined ? {} : { kind }),
      ...(disk === undefined ? {} : { bytes: disk }),
      ...(inodes === undefined ? {} : { inodes }),
    }
    const { grace } = await client.quotaGrace({ params, body })
    if (options.json) return context.print(JSON.stringify(grace, null, 2))
    context.print(options.quiet ? args.vps : shown(grace).join('\n'))
  },
})

function shown(grace: QuotaGraces, enforced?: QuotaList['enforced']): string[] {
  return KINDS.map((kind) => {
    const { bytes, inodes } = grace[kind]
    const off = enforced?.[kind] === false ? '; its limits are off' : ''
    return `${kind}: ${showDuration(bytes)} for disk space, ${showDuration(inodes)} for inodes${off}`
  })
}
