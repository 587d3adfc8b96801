import type { VpsMounted } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { runTask, taskOptions } from '../task/run-task.ts'

export const vzfsMount = command({
  name: 'vzfs mount',
  summary: 'Mount the files of a stopped VPS on the node, to look at or to mend',
  details:
    'Prints where. Ids are those from inside: what root makes there belongs to root of the VPS, and counts for its limits. The files are a ' +
    "tenant's, so the mount has no set-id programs, no devices and no programs, and symbolic links can be read but not followed. Until it is " +
    'unmounted the VPS does not start.',
  arguments: { vps: { about: 'name or id', complete: 'vps' } },
  options: {
    write: { short: 'w', about: 'also to change them (default: read-only)' },
    'follow-links': { about: "follow symbolic links; an absolute one leads into the node's own files" },
    ...taskOptions,
    ...output,
  },
  examples: [
    { line: 'insula vzfs mount web', about: 'read-only' },
    { line: 'at=$(insula vzfs mount web --write -q) && cd "$at"', about: 'to mend something' },
  ],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const body = { write: options.write, followLinks: options['follow-links'] }
    const task = await runTask(context, options, async (query) => client.vpsMount({ params: { vps: args.vps }, query, body }))
    if (task === null) return
    const mounted = task.result as VpsMounted
    if (options.json) return context.print(JSON.stringify(mounted, null, 2))
    const { name, path, write } = mounted
    context.print(options.quiet ? path : `mounted the files of ${name} at ${path}${write ? '' : ', read-only'}`)
  },
})
