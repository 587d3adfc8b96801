import { ApiFailure, type Volume } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { duration, showDuration } from '../values.ts'

export const volumeGrace = command({
  name: 'vzfs volume grace',
  summary: 'Show or set how long the VPSs of a volume may exceed their soft disk limits',
  details: 'A time that runs already keeps its end. Without --disk and --inodes the times are shown.',
  arguments: { name: { about: 'the volume', complete: 'volume' } },
  options: {
    disk: { value: 'TIME', about: 'for disk space: 7d, 12h, 30m, 90s', parse: duration },
    inodes: { value: 'TIME', about: 'for files and directories', parse: duration },
    ...output,
  },
  examples: [
    { line: 'insula vzfs volume grace default', about: 'show' },
    { line: 'insula vzfs volume grace default --disk 3d --inodes 12h', about: 'set, for all VPSs there' },
  ],
  run: async (context, { args, options }) => {
    const { disk, inodes } = options
    const client = await context.client()
    const grace = { ...(disk === undefined ? {} : { bytes: disk }), ...(inodes === undefined ? {} : { inodes }) }
    const { volumes } =
      disk === undefined && inodes === undefined
        ? await client.volumeList()
        : await client.volumeChange({ params: { volume: args.name }, body: { grace } })
    const found = volumes.find((one) => one.name === args.name)
    if (found === undefined)
      throw new ApiFailure({
        code: 'not_found',
        message: `there is no volume "${args.name}"`,
        remedy: 'see `insula vzfs volume list` for those of this node',
      })
    if (options.json) return context.print(JSON.stringify(found.grace, null, 2))
    context.print(options.quiet ? args.name : shown(found))
  },
})

function shown({ name, grace }: Volume): string {
  if (grace === null) return `${name}: disk limits are not enforced there, so there is no grace time`
  return `${name}: ${showDuration(grace.bytes)} for disk space, ${showDuration(grace.inodes)} for inodes`
}
