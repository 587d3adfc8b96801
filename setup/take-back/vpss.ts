/** Every VPS is asked to shut down, as the node's own command does it. */

import { realCgroups } from '@insula/kernel'
import { answers, nodeApi } from '../api.ts'
import { insula } from '../insula.ts'
import { start } from '../processes.ts'
import { type Plan, type Setting, SetupFailed, type Work } from '../work.ts'

export const planVpss: Plan = async (setting) => {
  const { instance } = setting
  if (await answers(instance)) {
    const { vps } = await nodeApi(instance).vpsList()
    const active = vps.filter(({ state }) => state !== 'stopped').map(({ name }) => name)
    return active.length === 0 ? [] : [orKilled(setting, `stop ${active.join(', ')}`, () => stopAll(setting))]
  }
  if ((await realCgroups().processes(instance.cgroup)).length === 0) return []
  const startAndStop = async (): Promise<void> => {
    await start(setting)
    await stopAll(setting)
  }
  return [orKilled(setting, 'start insulad, which does not answer, and stop all VPSs', startAndStop)]
}

const stopAll = (setting: Setting): Promise<void> => insula(setting, ['stop', '--all'])

/** Who gives up the data as well need not care how its VPSs end. */
function orKilled({ instance, options }: Setting, what: string, stop: () => Promise<void>): Work {
  const run = async (): Promise<void> => {
    try {
      await stop()
    } catch (error) {
      const why = `the VPSs could not be stopped in good order: ${(error as Error).message}`
      if (!options.purge) {
        throw new SetupFailed(why, `see ${instance.logs}; or ./down --purge, which ends them and removes them`, { cause: error })
      }
      console.log(`      ${why}; they are killed`)
      await realCgroups().killAll(instance.cgroup)
    }
  }
  return { what, run }
}
