import { TEMPLATE_REF, TEMPLATE_RULE, VPS_NAME_RULE, isVpsName } from '@insula/contract/light'
import { awaitBoot, bootOptions, checkBootOptions } from '../boot-options.ts'
import { UsageError, command, output } from '../command.ts'
import { settingsOf, settingsOptions } from '../settings-options.ts'
import { noteMissingQuota } from '../quota-note.ts'
import { noteMissingSwap } from '../swap-note.ts'
import { runTask, taskOptions } from '../task/run-task.ts'
import { wholeNumber } from '../values.ts'

export const create = command({
  name: 'create',
  summary: 'Create a VPS from an OS template',
  arguments: { name: { about: VPS_NAME_RULE } },
  options: {
    template: {
      short: 't',
      value: 'TEMPLATE',
      required: true,
      about: 'debian-12, or one version of it',
      parse: templateRef,
      complete: 'template',
    },
    ...settingsOptions,
    id: { value: 'ID', about: 'its number (default: the next free one)', parse: wholeNumber(1, 999_999_999) },
    volume: { value: 'NAME', about: 'where its files lie (default: as the node is configured)', complete: 'volume' },
    start: { about: 'start it once it exists' },
    ...bootOptions,
    ...taskOptions,
    ...output,
  },
  examples: [
    { line: 'insula create web --template debian-12 --ip auto --start', about: 'create and start' },
    { line: 'insula create web -t debian-12 --ip auto --start -w', about: 'and wait until its services run' },
    {
      line: 'insula create db -t debian-12 --ip 10.77.0.20 -m 2G --cpus 2 --onboot',
      about: 'with limits, started with the node',
    },
    { line: 'insula create tiny -t micro -m 64M --pids 50 --no-nat', about: 'a few MB, no way out' },
  ],
  run: async (context, { args, options }) => {
    if (!isVpsName(args.name)) throw new UsageError(`'${args.name}' cannot be the name of a VPS: ${VPS_NAME_RULE}`)
    checkBootOptions(options, options.start)
    const client = await context.client()
    const body = {
      name: args.name,
      template: options.template,
      ...settingsOf(options),
      ...(options.id === undefined ? {} : { id: options.id }),
      ...(options.volume === undefined ? {} : { volume: options.volume }),
      ...(options.start ? { start: true } : {}),
    }
    const task = await runTask(context, options, async (query) => client.vpsCreate({ query, body }))
    await noteMissingSwap(context, body.limits)
    await noteMissingQuota(context, body, [args.name])
    if (task === null) return
    if (options['wait-booted']) await awaitBoot(context, args.name, options)
    const { vps } = await client.vpsShow({ params: { vps: args.name } })
    if (options.json) return context.print(JSON.stringify(vps, null, 2))
    if (options.quiet) return context.print(vps.name)
    const address = vps.addresses.length === 0 ? 'no address' : vps.addresses.join(', ')
    context.print(`created ${options.start ? 'and started ' : ''}${vps.name} (${vps.id}), ${address}`)
  },
})

function templateRef(text: string): string {
  if (TEMPLATE_REF.test(text)) return text
  throw new UsageError(`takes ${TEMPLATE_RULE}, not '${text}'`)
}
