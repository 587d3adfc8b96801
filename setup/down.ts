/** Takes back what ./up made, in the opposite order. `down.ts --instance NAME [--purge] [--force]` */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ApiFailure } from '@insula/contract/api-failure'
import { instanceOf, readConfig } from '@insula/node'
import { realMachine } from './machine.ts'
import { commandFromHere, foreignCommand, keptFiles, otherInstances, planFiles, planVolume } from './take-back/files.ts'
import { planKernelObjects } from './take-back/kernel.ts'
import { planMounts } from './take-back/mounts.ts'
import { planProcesses } from './take-back/processes.ts'
import { planPurge } from './take-back/purge.ts'
import { planVpss } from './take-back/vpss.ts'
import { type Setting, type Step, SetupFailed } from './work.ts'

const { values } = parseArgs({
  options: {
    instance: { type: 'string', default: 'insula' },
    purge: { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
  },
})

const STEPS: readonly Step[] = [
  { title: 'Mounted files of VPSs', plan: planMounts },
  { title: 'VPSs', plan: planVpss },
  { title: 'Processes', plan: planProcesses },
  { title: 'Volume', plan: planVolume },
  { title: 'Links, packet filter, cgroups', plan: planKernelObjects },
  { title: 'Files of the installation', plan: planFiles, kept: keptFiles },
  ...(values.purge ? [{ title: 'Data', plan: planPurge }] : []),
]

const setting: Setting = {
  instance: instanceOf(values.instance),
  home: join(import.meta.dirname, '..'),
  machine: realMachine(),
  options: { demo: false, purge: values.purge, force: values.force },
}

try {
  let done = 0
  for (const [index, { title, plan, kept }] of STEPS.entries()) {
    console.log(`[${index + 1}/${STEPS.length}] ${title}`)
    const work = await plan(setting)
    if (work.length === 0) console.log(`      ${kept?.(setting) ?? 'nothing to do'}`)
    for (const { what, run } of work) {
      console.log(`      ${what}`)
      await run()
      done++
    }
  }
  console.log('')
  console.log(conclusion(done))
} catch (error) {
  const remedy = error instanceof SetupFailed || error instanceof ApiFailure ? error.remedy : undefined
  console.error(`down: ${(error as Error).message}`)
  console.error(`Remedy: ${remedy ?? 'put right what it says, then run ./down again, which goes on from here'}`)
  process.exitCode = 1
}

function conclusion(done: number): string {
  const { instance, home } = setting
  if (existsSync(instance.state)) {
    const volume = broughtVolume()
    const where = volume === undefined ? instance.state : `${volume}, its database in ${instance.state}`
    return `Insula is down. Its VPSs and templates are kept in ${where}; ./up goes on with them.`
  }
  if (done === 0) return `There is no instance ${instance.name} on this machine.`
  const others = otherInstances(setting)
  const own = existsSync(instance.definitions) ? `\nYour own definitions of templates stay in ${instance.definitions}.` : ''
  if (others.length > 0)
    return [
      `Everything of instance ${instance.name} is gone.${own} What instances share stays for ${others.join(', ')}, and so does the group insula.`,
      commandFromHere(setting) ?? [],
    ]
      .flat()
      .join('\n')
  const foreign = foreignCommand(setting)
  return [
    ...(foreign === null ? [] : [`${foreign}; it stays.`]),
    'Everything that Insula made is gone. What stays: the packages of Debian that ./up installed, raised kernel',
    `settings until the next boot, and this directory (${home}) with its node_modules.${own}`,
  ].join('\n')
}

/** It is down all the same when the configuration cannot be read. */
function broughtVolume(): string | undefined {
  try {
    return readConfig(setting.instance.configFile).volume
  } catch {
    return undefined
  }
}
