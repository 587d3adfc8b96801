import own from '../../package.json' with { type: 'json' }
import { ApiFailure } from '@insula/contract/api-failure'
import { command, output } from '../command.ts'

export const version = command({
  name: 'version',
  summary: 'Show the version of insula and of insulad',
  arguments: {},
  options: output,
  examples: [{ line: 'insula version --json', about: 'for scripts' }],
  run: async (context, { options }) => {
    const insula = own.version
    if (options.quiet) return context.print(insula)
    const { insulad, why } = await daemonVersion(async () => (await (await context.client()).health()).version)
    if (options.json) return context.print(JSON.stringify({ insula, insulad, ...(why === undefined ? {} : { why }) }, null, 2))
    context.print(`insula ${insula}\ninsulad ${insulad ?? `not known: ${why}`}`)
  },
})

async function daemonVersion(ask: () => Promise<string>): Promise<{ insulad: string | null; why?: string }> {
  try {
    return { insulad: await ask() }
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error
    return { insulad: null, why: error.message }
  }
}
