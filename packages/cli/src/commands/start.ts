import { command, output } from '../command.ts'
import { awaitBoot, bootOptions, checkBootOptions } from '../boot-options.ts'
import { actOnChosen, actionOptions, manyVps } from '../task/act-on-all.ts'

export const start = command({
  name: 'start',
  summary: 'Start VPSs',
  arguments: manyVps,
  options: { ...actionOptions, ...bootOptions, ...output },
  examples: [
    { line: 'insula start web', about: 'start one' },
    { line: 'insula start web --wait-booted', about: 'and wait until its services run' },
    { line: 'insula start --all', about: 'all that are stopped' },
  ],
  run: async (context, { args, options }) => {
    checkBootOptions(options)
    return actOnChosen(context, args.vps, options, {
      done: 'started',
      states: ['stopped', 'failed'],
      act: async (client, vps, query) => client.vpsStart({ params: { vps }, query }),
      after: options['wait-booted'] ? (vps) => awaitBoot(context, vps, options) : undefined,
    })
  },
})
