import { VPS_NAME_RULE, isVpsName } from '@insula/contract/light'
import { awaitBoot, bootOptions, checkBootOptions } from '../boot-options.ts'
import { UsageError, command, output } from '../command.ts'
import { settingsOf, settingsOptions } from '../settings-options.ts'
import { runTask, taskOptions } from '../task/run-task.ts'
import { wholeNumber } from '../values.ts'

export const clone = command({
  name: 'clone',
  summary: 'Create a VPS as a copy of another',
  details:
    'The original is stopped, or a snapshot of it is taken. The copy has its limits and other settings, and addresses, host name and host ids of its own. Its machine id and SSH host keys are made anew. ' +
    'It does not start with the node unless --onboot is said.',
  arguments: { vps: { about: 'name or id of the original', complete: 'vps' }, name: { about: VPS_NAME_RULE } },
  options: {
    snapshot: { value: 'NAME', about: 'what it was then, instead of what it is now' },
    ip: { ...settingsOptions.ip, about: 'an IPv4 address, "auto" or "none" (repeatable; default: as many as the original has)' },
    hostname: settingsOptions.hostname,
    onboot: settingsOptions.onboot,
    id: { value: 'ID', about: 'its number (default: the next free one)', parse: wholeNumber(1, 999_999_999) },
    volume: { value: 'NAME', about: 'where its files lie (default: where those of the original do)', complete: 'volume' },
    start: { about: 'start it once it exists' },
    ...bootOptions,
    ...taskOptions,
    ...output,
  },
  examples: [
    { line: 'insula clone web web-test', about: 'of a VPS that is stopped' },
    { line: 'insula clone web web-test --snapshot before-upgrade --ip auto --start', about: 'of a snapshot, and start it' },
  ],
  run: async (context, { args, options }) => {
    if (!isVpsName(args.name)) throw new UsageError(`'${args.name}' cannot be the name of a VPS: ${VPS_NAME_RULE}`)
    if (options.start && options.wait === false) throw new UsageError('takes either --start or --no-wait')
    checkBootOptions(options, options.start)
    const client = await context.client()
    const { ip, hostname, onboot, snapshot, id, volume } = options
    const { addresses, ...settings } = settingsOf({ ...NOTHING, ip, hostname, onboot })
    const body = {
      name: args.name,
      ...(addresses === undefined ? {} : { addresses }),
      ...(settings.hostname === undefined ? {} : { hostname: settings.hostname }),
      ...(settings.onboot === undefined ? {} : { onboot: settings.onboot }),
      ...(snapshot === undefined ? {} : { snapshot }),
      ...(id === undefined ? {} : { id }),
      ...(volume === undefined ? {} : { volume }),
    }
    const task = await runTask(context, options, async (query) => client.vpsClone({ params: { vps: args.vps }, query, body }))
    if (task === null) return
    if (options.start) await runTask(context, options, async (query) => client.vpsStart({ params: { vps: args.name }, query }))
    if (options['wait-booted']) await awaitBoot(context, args.name, options)
    const { vps } = await client.vpsShow({ params: { vps: args.name } })
    if (options.json) return context.print(JSON.stringify(vps, null, 2))
    if (options.quiet) return context.print(vps.name)
    const address = vps.addresses.length === 0 ? 'no address' : vps.addresses.join(', ')
    context.print(`cloned ${args.vps} as ${vps.name} (${vps.id})${options.start ? ' and started it' : ''}, ${address}`)
  },
})

const NOTHING = {
  dns: [],
  nat: undefined,
  memory: undefined,
  swap: undefined,
  cpus: undefined,
  'cpu-units': undefined,
  'cpu-limit': undefined,
  pids: undefined,
  disk: undefined,
  inodes: undefined,
  'quota-ugid': undefined,
  'boot-order': undefined,
  plan: undefined,
  share: undefined,
  updates: undefined,
} as const
