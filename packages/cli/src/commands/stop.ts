import { command, output } from '../command.ts'
import { actOnChosen, actionOptions, manyVps } from '../task/act-on-all.ts'
import { stopBody, stopOptions } from '../stop-options.ts'

export const stop = command({
  name: 'stop',
  summary: 'Shut VPSs down',
  details: 'Asks init to shut down as on real hardware, and kills what still runs when the time is over.',
  arguments: manyVps,
  options: { ...stopOptions, ...actionOptions, ...output },
  examples: [
    { line: 'insula stop web', about: 'in good order' },
    { line: 'insula stop web db --timeout 10', about: 'with ten seconds for it' },
    { line: 'insula stop --all --force', about: 'everything that runs, without asking it' },
  ],
  run: async (context, { args, options }) =>
    actOnChosen(context, args.vps, options, {
      done: 'stopped',
      states: ['running', 'suspended', 'starting'],
      act: async (client, vps, query) => client.vpsStop({ params: { vps }, query, body: stopBody(options) }),
    }),
})
