import { command, output } from '../command.ts'
import { actOnChosen, actionOptions, manyVps } from '../task/act-on-all.ts'

export const resume = command({
  name: 'resume',
  summary: 'Let suspended VPSs run on',
  arguments: manyVps,
  options: { ...actionOptions, ...output },
  examples: [
    { line: 'insula resume web', about: 'from where it was' },
    { line: 'insula resume --all', about: 'all that are suspended' },
  ],
  run: async (context, { args, options }) =>
    actOnChosen(context, args.vps, options, {
      done: 'resumed',
      states: ['suspended'],
      act: async (client, vps, query) => client.vpsResume({ params: { vps }, query }),
    }),
})
