import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import { UsageError, command, output } from '../command.ts'
import type { Context } from '../context.ts'
import { namesChosen } from '../selection.ts'
import { actOnAll, actionOptions, manyVps } from '../task/act-on-all.ts'

export const destroy = command({
  name: 'destroy',
  summary: 'Destroy VPSs and all their files',
  details: 'There is no way back. On a terminal it asks first; elsewhere it does nothing without --yes or --force.',
  arguments: manyVps,
  options: {
    yes: { short: 'y', about: 'do not ask' },
    force: { short: 'f', about: 'do not ask, and stop it first if it runs' },
    ...actionOptions,
    ...output,
  },
  examples: [
    { line: 'insula destroy web', about: 'asks first; it must be stopped' },
    { line: 'insula destroy -f web db', about: 'does not ask, stops what runs' },
    { line: 'insula destroy -f 113', about: 'also one whose record is damaged, by its id' },
  ],
  run: async (context, { args, options }) => {
    const names = await namesChosen(context, args.vps, options, () => true)
    if (names.length > 0 && !options.yes && !options.force && !(await confirmed(context, names))) {
      context.note('nothing was destroyed')
      return 10
    }
    if (names.length === 0) return 0
    return actOnAll(context, names, options, {
      done: 'destroyed',
      act: async (client, vps, query) =>
        client.vpsDestroy({ params: { vps }, query: { ...query, ...(options.force ? { force: true } : {}) } }),
    })
  },
})

async function confirmed(context: Context, names: readonly string[]): Promise<boolean> {
  if (!context.terminal.stdin || !context.terminal.stderr) {
    throw new UsageError('needs --yes (or --force) where nobody can be asked')
  }
  const ask = createInterface({ input: process.stdin, output: context.stderr() })
  try {
    const question = `Destroy ${names.join(', ')} and all files in ${names.length === 1 ? 'it' : 'them'}? [y/N] `
    // An end of the input answers it too.
    const closed = once(ask, 'close').then(() => '')
    const answer = await Promise.race([ask.question(question), closed])
    return /^y(es)?$/i.test(answer.trim())
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ABORT_ERR') throw error
    context.note('')
    return false
  } finally {
    ask.close()
  }
}
