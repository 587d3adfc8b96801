import { command, output } from '../command.ts'
import { actOnChosen, actionOptions, manyVps } from '../task/act-on-all.ts'

export const suspend = command({
  name: 'suspend',
  summary: 'Freeze all processes of VPSs where they are',
  arguments: manyVps,
  options: { ...actionOptions, ...output },
  examples: [
    { line: 'insula suspend web', about: 'it uses no CPU until it is resumed' },
    { line: 'insula suspend web db', about: 'two at once' },
  ],
  run: async (context, { args, options }) =>
    actOnChosen(context, args.vps, options, {
      done: 'suspended',
      states: ['running'],
      act: async (client, vps, query) => client.vpsSuspend({ params: { vps }, query }),
    }),
})
