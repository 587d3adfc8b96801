import { formatSize } from '@insula/contract/light'
import { command, output } from '../command.ts'
import { printFields } from '../output/print-fields.ts'
import { moment } from '../output/time.ts'

export const appShow = command({
  name: 'app show',
  summary: 'Show an app: what it fits, and its parameters',
  arguments: { app: { about: 'name, or one version of it' } },
  options: output,
  examples: [{ line: 'insula app show nginx', about: 'its latest version' }],
  run: async (context, { args, options }) => {
    const { app } = await (await context.client()).appShow({ params: { app: args.app } })
    if (options.json) return context.print(JSON.stringify(app, null, 2))
    if (options.quiet) return context.print(app.ref)
    printFields(context, [
      ['name', app.name],
      ['version', app.version],
      ['description', app.description],
      ['application', app.application ?? '-'],
      ['needs', app.needs.join(', ') || '-'],
      ['built', moment(app.builtAt)],
      ['used-by', `${app.usedBy.length} VPSs`],
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
