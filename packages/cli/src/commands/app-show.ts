import { formatSize } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { printFields } from '../output/print-fields.ts'
import { namesOfUsers } from '../users.ts'
import { applicationOf } from './app-list.ts'
import { moment } from '../output/time.ts'

export const appShow = command({
  name: 'app show',
  summary: 'Show an app: what it fits, and its parameters',
  arguments: { app: { about: 'name, or one version of it' } },
  options: output,
  examples: [{ line: 'insula app show nginx', about: 'its latest version' }],
  run: async (context, { args, options }) => {
    const client = await context.client()
    const { app } = await client.appShow({ params: { app: args.app } })
    if (options.json) return context.print(JSON.stringify(app, null, 2))
    if (options.quiet) return context.print(app.ref)
    const users = (await namesOfUsers(context, [app]))(app)
    const versions = (await client.appList()).apps.filter(({ name }) => name === app.name).toReversed()
    printFields(context, [
      ['name', app.name],
      ['version', app.version],
      ['description', app.description],
      ['application', applicationOf(app)],
      ['needs', app.needs.join(', ') || '-'],
      ['built', moment(app.builtAt)],
      ['used by', users.length === 0 ? 'no VPS' : users.join(', ')],
      ...versions.map(
        ({ version, builtAt, latest }, at) =>
          [at === 0 ? 'versions' : '', `${version}, built ${moment(builtAt)}${latest ? ', latest' : ''}`] as const,
      ),
      ...app.systems.map(
        ({ os, version, packages, bytes }) =>
          [`on ${os}`, `${version === null ? '' : `${version}, `}${packages} packages, ${formatSize(bytes)}`] as const,
      ),
      ...Object.entries(app.parameters).map(
        ([name, { type, about, default: given, secret }]) =>
          [
            `--set ${name}`,
            `${about} (${type}${given === null ? (secret ? ', made when none is given' : '') : `, ${given}`})`,
          ] as const,
      ),
    ])
  },
})
