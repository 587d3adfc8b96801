import { command, output } from '../command.ts'
import { awaitBoot, bootOptions, checkBootOptions } from '../boot-options.ts'
import { actOnChosen, actionOptions, manyVps } from '../task/act-on-all.ts'
import { stopBody, stopOptions } from '../stop-options.ts'

export const restart = command({
  name: 'restart',
  summary: 'Stop VPSs and start them again',
  details: 'Asks init to shut down as on real hardware, and kills what still runs when the time is over.',
  arguments: manyVps,
  options: { ...stopOptions, ...actionOptions, ...bootOptions, ...output },
  examples: [
    { line: 'insula restart web', about: 'in good order' },
    { line: 'insula restart web db --timeout 10', about: 'with ten seconds for it' },
    { line: 'insula restart --all --force', about: 'everything that runs, without asking it' },
  ],
  run: async (context, { args, options }) => {
    checkBootOptions(options)
    return actOnChosen(context, args.vps, options, {
      done: 'restarted',
      states: ['running'],
      act: async (client, vps, query) => client.vpsRestart({ params: { vps }, query, body: stopBody(options) }),
      after: options['wait-booted'] ? (vps) => awaitBoot(context, vps, options) : undefined,
    })
  },
})
