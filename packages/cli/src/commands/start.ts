import { command, output } from '../command.ts'
import { actOnAll, actionOptions, manyVps } from '../task/act-on-all.ts'

export const start = command({
  name: 'start',
  summary: 'Start VPSs',
  arguments: manyVps,
  options: { ...actionOptions, ...output },
  examples: [
    { line: 'insula start web', about: 'start one' },
    { line: 'insula start --all', about: 'all that are stopped' },
  ],
  run: async (context, { args, options }) =>
    actOnAll(context, args.vps, options, {
      done: 'started',
      states: ['stopped', 'failed'],
      act: async (client, vps, query) => client.vpsStart({ params: { vps }, query }),
    }),
})
