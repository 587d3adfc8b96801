import type { VpsMounted } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const vzfsUmount = command({
  name: 'vzfs umount',
  summary: 'Unmount the files of a VPS that `vzfs mount` mounted',
  arguments: { vps: { about: 'name or id', complete: 'vps' } },
  options: { ...taskOptions, ...output },
  examples: [{ line: 'insula vzfs umount web', about: 'then it can start' }],
  run: async (context, { args, options }) => {
    // Given from within it, this would be in the way itself.
    context.leaveDirectory()
    const client = await context.client()
    const task = await runTask(context, options, async (query) => client.vpsUnmount({ params: { vps: args.vps }, query }))
    if (task === null) return
    const mounted = task.result as VpsMounted
    if (options.json) return context.print(JSON.stringify(mounted, null, 2))
    context.print(options.quiet ? mounted.name : `unmounted the files of ${mounted.name}`)
  },
})
