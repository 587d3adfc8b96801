/** Every VPS is asked to shut down, as the node's own command does it. */

import { realCgroups } from '@insula/kernel'
import { answers, nodeApi } from '../api.ts'
import { insula } from '../insula.ts'
import { start } from '../processes.ts'
import { DEMO } from '../steps/demo.ts'
import { type Plan, type Setting, SetupFailed, type Work } from '../work.ts'
import { endStrays, straysOf } from './strays.ts'

export const planVpss: Plan = async (setting) => {
  const { instance } = setting
  if (await answers(instance)) {
    const { vps } = await nodeApi(instance).vpsList()
    const active = vps.filter(({ state }) => state !== 'stopped')
    const strays = await straysOf(instance)
    const unknown = strays.length === 0 ? [] : [`${strays.join(', ')}, which the database does not know`]
    const named = [...active.map(({ name }) => name), ...unknown]
    return named.length === 0
      ? []
      : [orKilled(setting, `stop ${named.join(', ')}${setting.options.purge ? '' : whatReturns(active)}`, () => stopAll(setting))]
  }
  if ((await realCgroups().processes(instance.cgroup)).length === 0) return []
  const startAndStop = async (): Promise<void> => {
    await start(setting)
    await stopAll(setting)
  }
  return [orKilled(setting, 'start insulad, which does not answer, and stop all VPSs', startAndStop)]
}

/** Who starts again with the next ./up, and who does not. */
function whatReturns(active: readonly { readonly name: string; readonly onboot: boolean }[]): string {
  const returns = ({ name, onboot }: (typeof active)[number]): boolean => onboot || name === DEMO
  const namesOf = (some: typeof active): string => some.map(({ name }) => name).join(', ')
  const [back, gone] = [active.filter(returns), active.filter((one) => !returns(one))]
  const said = [
    ...(back.length > 0 ? [`the next ./up starts ${namesOf(back)} again`] : []),
    ...(gone.length > 0 ? [`${namesOf(gone)} without --onboot: stopped until you start them`] : []),
  ]
  return said.length === 0 ? '' : ` (${said.join('; ')})`
}

async function stopAll(setting: Setting): Promise<void> {
  // Only one that has its record can be asked to shut down.
  // With 1 it tells that some have no record that can be read: those are ended without one.
  if ((await straysOf(setting.instance)).length > 0) await insula(setting, ['recover'], [0, 1])
  await insula(setting, ['stop', '--all'])
  await endStrays(setting.instance)
}

/** Who said so, or gives up the data as well, need not care how its VPSs end. */
function orKilled({ instance, options }: Setting, what: string, stop: () => Promise<void>): Work {
  const run = async (): Promise<void> => {
    try {
      await stop()
    } catch (error) {
      const why = `the VPSs could not be stopped in good order: ${(error as Error).message}`
      if (!options.purge && !options.force) {
        const first = error instanceof SetupFailed ? error.remedy : `see ${instance.logs}`
        const remedy = `${first}; or ./down --force, which kills them and keeps their files`
        throw new SetupFailed(why, remedy, { cause: error })
      }
      console.log(`      ${why}; they are killed`)
      await realCgroups().killAll(instance.cgroup)
    }
  }
  return { what, run }
}
