/** The steps of ./up that need Node. What comes before them is bash: `up` in the checkout. */

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ApiFailure } from '@insula/contract/api-failure'
import { instanceOf, upSince } from '@insula/node'
import { nodeApi } from './api.ts'
import { realMachine } from './machine.ts'
import { planCommand } from './steps/command.ts'
import { planConfig } from './steps/config.ts'
import { findDemo, planDemo } from './steps/demo.ts'
import { planProcesses } from './steps/processes.ts'
import { planSysctls } from './steps/sysctls.ts'
import { planTemplate } from './steps/template.ts'
import { planVolume } from './steps/volume.ts'
import { type Setting, type Step, SetupFailed } from './work.ts'

/** In `up` itself. */
const STEPS_BEFORE = 3

const STEPS: readonly Step[] = [
  { title: 'Kernel settings', plan: planSysctls },
  // Before the configuration names it: a volume that does not work must not be written down.
  { title: 'Volume', plan: planVolume },
  { title: 'Configuration', plan: planConfig },
  { title: 'Processes', plan: async (setting) => [...(await planProcesses(setting)), ...(await planCommand(setting))] },
  { title: 'OS template debian-12', plan: planTemplate },
  { title: 'VPS demo', plan: planDemo },
]

const { values } = parseArgs({
  options: {
    instance: { type: 'string', default: 'insula' },
    volume: { type: 'string' },
    size: { type: 'string' },
    mirror: { type: 'string' },
    'address-pool': { type: 'string' },
    'no-demo': { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    started: { type: 'string', default: '' },
  },
})
const started = Number(values.started.replace(',', '.')) * 1000 || Date.now()
const since = (moment: number): string => `${((Date.now() - moment) / 1000).toFixed(1)} s`
const say = (text: string): void => console.log(text)

const setting: Setting = {
  instance: instanceOf(values.instance),
  home: join(import.meta.dirname, '..'),
  machine: realMachine(),
  options: {
    demo: !values['no-demo'],
    purge: false,
    ...(values.volume === undefined ? {} : { volume: values.volume }),
    ...(values.size === undefined ? {} : { size: Number(values.size) }),
    ...(values.mirror === undefined ? {} : { mirror: values.mirror }),
    ...(values['address-pool'] === undefined ? {} : { addressPool: values['address-pool'] }),
  },
}

/** Who came by sudo is not of the group yet that may use the command without it. */
const asRoot = process.env['SUDO_USER'] ? 'sudo ' : ''

const wasUp = upSince(setting.instance) !== null

try {
  // What is refused is refused before anything is changed: planning changes nothing.
  for (const { plan } of STEPS) await plan(setting)
  let done = 0
  for (const [index, { title, plan }] of STEPS.entries()) {
    say(`[${STEPS_BEFORE + index + 1}/${STEPS_BEFORE + STEPS.length}] ${title}`)
    const begun = Date.now()
    const missing = await plan(setting)
    if (missing.length === 0) say(`      ${plan === planDemo && !setting.options.demo ? 'not wanted (--no-demo)' : 'all there'}`)
    for (const { what, run } of missing) {
      say(`      ${values.check ? 'would ' : ''}${what}`)
      if (values.check) continue
      await run()
      done++
    }
    if (missing.length > 0 && !values.check) say(`      done (${since(begun)})`)
  }
  say('')
  if (values.check) say('Nothing was changed.')
  else await conclude(done)
} catch (error) {
  const remedy = error instanceof SetupFailed || error instanceof ApiFailure ? error.remedy : undefined
  console.error(`up: ${(error as Error).message}`)
  console.error(`Remedy: ${remedy ?? 'put right what it says, then run ./up again, which goes on from here'}`)
  process.exitCode = 1
}

async function conclude(done: number): Promise<void> {
  const flag = setting.instance.name === 'insula' ? '' : ` --instance ${setting.instance.name}`
  say(done === 0 ? `Nothing was missing (${since(started)}).` : `The node is up (${since(started)}).`)
  const demo = await findDemo(setting)
  if (demo !== null) {
    const address = demo.addresses[0] === undefined ? '' : ` at ${demo.addresses.join(', ')}`
    say(`VPS demo is ${demo.state}${address}.${demo.state === 'running' ? ' To enter it:' : ''}`)
    if (demo.state === 'running') say(`  ${asRoot}insula enter demo${flag}`)
  }
  if (!wasUp) await tellOfOthers(flag)
  const { volume } = await nodeApi(setting.instance).nodeShow()
  if (!volume.projectQuota)
    say(
      `Disk limits of VPSs are recorded and not enforced: ${volume.path} has no project quota (insula doctor${flag} tells more).`,
    )
  say(`The daemons and the command insula run from ${setting.home}: it has to stay where it is.`)
  say(`${asRoot}insula list${flag} shows all VPSs, insula --help what else there is; sudo ./down${flag} takes it back.`)
}

/** Who runs again by itself after Insula came up, and who does not. */
async function tellOfOthers(flag: string): Promise<void> {
  const { vps } = await nodeApi(setting.instance).vpsList()
  const down = vps.filter(({ state }) => state === 'stopped' || state === 'starting' || state === 'failed')
  const names = (onboot: boolean): string =>
    down
      .filter((one) => one.onboot === onboot)
      .map(({ name }) => name)
      .join(', ')
  if (names(true) !== '') say(`Starting with the node, in their order: ${names(true)}`)
  if (names(false) !== '')
    say(`Stopped: ${names(false)} (insula start NAME${flag}; insula set NAME --onboot${flag} lets one start with the node)`)
}
