import { UsageError, command, output } from '../command.ts'
import { noteMissingQuota } from '../quota-note.ts'
import { OTHER_WORDS, namesChosen, otherSelectionOptions, usual } from '../selection.ts'
import { labelKey, labelsOf, settingsOf, settingsOptions } from '../settings-options.ts'
import { noteMissingSwap } from '../swap-note.ts'
import { actOnAll, manyVps } from '../task/act-on-all.ts'
import { taskOptions } from '../task/run-task.ts'

export const set = command({
  name: 'set',
  summary: 'Change settings and limits of VPSs, also while they run',
  details:
    'What is not named stays as it is. --ip and --dns replace the whole list; "none" empties it. A new host name shows at the next start, ' +
    'everything else at once.',
  arguments: manyVps,
  options: {
    ...settingsOptions,
    unlabel: { value: 'KEY', many: true, about: 'take a label away (repeatable)', parse: labelKey },
    force: { short: 'f', about: 'disk limits also below what is in use: nothing is lost, nothing more fits' },
    ...otherSelectionOptions,
    ...taskOptions,
    ...output,
  },
  examples: [
    { line: 'insula set web --memory 2G --cpu-limit 150%', about: 'live' },
    { line: 'insula set web --memory unlimited', about: 'take a limit away' },
    { line: 'insula set web --disk 18G:20G --inodes 500000', about: 'disk space; more than 18G only for the grace time' },
    { line: 'insula set web --ip 10.77.0.5 --ip auto', about: 'these addresses and no other' },
    { line: 'insula set --all --cpu-units 1000', about: 'all VPSs' },
    { line: 'insula set web shop --plan gold --label role=web --unlabel trial', about: 'what they can be chosen by' },
    { line: 'insula set --with-label role=web --memory 2G', about: 'all that have this label' },
  ],
  run: async (context, { args, options }) => {
    const labels = { ...Object.fromEntries(options.unlabel.map((key) => [key, null])), ...labelsOf(options.label) }
    const settings = { ...settingsOf(options), ...(Object.keys(labels).length === 0 ? {} : { labels }) }
    if (Object.keys(settings).length === 0) throw new UsageError('needs at least one setting to change')
    const body = { ...settings, ...(options.force ? { force: true } : {}) }
    const names = await namesChosen(context, args.vps, usual(options), () => true, OTHER_WORDS)
    const code = await actOnAll(context, names, options, {
      done: 'changed',
      act: async (client, vps, query) => client.vpsChange({ params: { vps }, query, body }),
    })
    if (code !== 0) return code
    await noteMissingSwap(context, settings.limits)
    await noteMissingQuota(context, settings, names)
    return code
  },
})
