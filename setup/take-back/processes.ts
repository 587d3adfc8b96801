/** insulad, insula-keeper and lxcfs. */

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { realLxcfs } from '@insula/kernel'
import { upSinceFile } from '@insula/node'
import { isThere, stop } from '../processes.ts'
import type { Plan, Setting, Work } from '../work.ts'

export const planProcesses: Plan = async (setting) => {
  const processes: Work = { what: 'stop insulad and insula-keeper', run: () => stop(setting) }
  const lxcfs: Work = { what: 'stop lxcfs', run: () => realLxcfs().stop(setting.instance.lxcfs, lxcfsPid(setting)) }
  const mark = upSinceFile(setting.instance)
  const what = setting.options.purge ? 'forget since when it is up' : 'let the next ./up start VPSs with --onboot'
  const forget: Work = { what, run: async () => rmSync(mark, { force: true }) }
  const works = [...((await isThere(setting)) ? [processes] : []), ...(existsSync(mark) ? [forget] : [])]
  // Under systemd the keeper leaves it running for the next one.
  return realLxcfs().alive(setting.instance.lxcfs) ? [...works, lxcfs] : works
}

function lxcfsPid({ instance }: Setting): number | null {
  try {
    const pid = Number(readFileSync(instance.lxcfsPidFile, 'utf8'))
    return readFileSync(`/proc/${pid}/comm`, 'utf8') === 'lxcfs\n' ? pid : null
  } catch {
    return null
  }
}
