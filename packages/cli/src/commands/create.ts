import { TEMPLATE_REF, TEMPLATE_RULE, type Vps, VPS_NAME_RULE, isVpsName } from '@insula/contract/light'
import { awaitBoot, bootOptions, checkBootOptions } from '../boot-options.ts'
import { appsOf, assignment } from '../app-wishes.ts'
import { tellSecrets } from '../app-options.ts'
import { UsageError, command, output } from '../command.ts'
import type { Context } from '../context.ts'
import { reference } from '../selection.ts'
import { labelsOf, settingsOf, settingsOptions } from '../settings-options.ts'
import { noteMissingQuota } from '../quota-note.ts'
import { noteMissingSwap } from '../swap-note.ts'
import { runTask, taskOptions } from '../task/run-task.ts'
import { wholeNumber } from '../values.ts'

export const create = command({
  name: 'create',
  summary: 'Create a VPS from an OS template',
  details:
    'Apps that are given with it lie in a shared layer, which is built with the first VPS that has them, and are configured when the VPS boots; those that they need come with them.',
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
    app: { value: 'APP', many: true, about: 'an app that it has from the beginning (repeatable)', parse: reference },
    set: {
      value: '[APP.]NAME=VALUE',
      many: true,
      about: 'a parameter of the app; `insula app show` lists them',
      parse: assignment,
    },
    start: { about: 'start it once it exists, and configure its apps' },
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
    {
      line: 'insula create shop -t debian-12 --ip auto --app nginx --set port=8080 --start',
      about: 'with an app, from a layer that all who have it share',
    },
    { line: 'insula create tiny -t micro -m 64M --pids 50 --no-nat', about: 'a few MB, no way out' },
  ],
  run: async (context, { args, options }) => {
    if (!isVpsName(args.name)) throw new UsageError(`'${args.name}' cannot be the name of a VPS: ${VPS_NAME_RULE}`)
    checkBootOptions(options, options.start)
    if (options.app.length === 0 && options.set.length > 0) throw new UsageError('takes --set only with --app')
    const client = await context.client()
    const body = {
      name: args.name,
      template: options.template,
      ...settingsOf(options),
      ...(options.label.length === 0 ? {} : { labels: labelsOf(options.label) }),
      ...(options.id === undefined ? {} : { id: options.id }),
      ...(options.volume === undefined ? {} : { volume: options.volume }),
      ...(options.start ? { start: true } : {}),
      ...(options.app.length === 0 ? {} : { apps: appsOf(options.app, options.set) }),
    }
    const task = await runTask(context, options, async (query) => client.vpsCreate({ query, body }))
    await noteMissingSwap(context, body.limits)
    await noteMissingQuota(context, body, [args.name])
    if (task === null) return 0
    if (options['wait-booted']) await awaitBoot(context, args.name, options)
    const { vps } = await client.vpsShow({ params: { vps: args.name } })
    const { secrets } = vps.apps.length === 0 ? { secrets: [] } : await client.taskSecrets({ params: { task: task.id } })
    if (options.json) context.print(JSON.stringify(vps.apps.length === 0 ? vps : { ...vps, secrets }, null, 2))
    else if (options.quiet) context.print(vps.name)
    else {
      const address = vps.addresses.length === 0 ? 'no address' : vps.addresses.join(', ')
      context.print(`created ${options.start ? 'and started ' : ''}${vps.name} (${vps.id}), ${address}`)
      tellApps(context, vps)
    }
    if (!options.json) tellSecrets(context, secrets)
    return vps.apps.some(({ state }) => state === 'failed') ? 1 : 0
  },
})

function tellApps(context: Context, { name, apps }: Vps): void {
  for (const { ref, state, problem } of apps) {
    if (problem !== null) context.note(`insula: ${problem}`)
    else context.print(`${name}: ${ref} ${state === 'pending' ? 'is configured when it boots' : 'is ready'}`)
  }
}

function templateRef(text: string): string {
  if (TEMPLATE_REF.test(text)) return text
  throw new UsageError(`takes ${TEMPLATE_RULE}, not '${text}'`)
}
