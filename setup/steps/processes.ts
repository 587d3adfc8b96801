/** insulad and insula-keeper run, and their group and units are there. */

import { readFileSync, statSync } from 'node:fs'
import { placeFile } from '../files.ts'
import { restartDaemon, run, start, whatIsMissing } from '../processes.ts'
import { unitsFor } from '../units.ts'
import type { Plan, Setting, Work } from '../work.ts'

export const GROUP = 'insula'

export const planProcesses: Plan = async (setting) => {
  const { machine, home } = setting
  const files = machine.systemd ? unitsFor(home, process.execPath).flatMap(({ file, contents }) => placeFile(file, contents)) : []
  const reload: Work = { what: 'reload systemd', run: () => machine.runner.run(['systemctl', 'daemon-reload']) }
  return [...planGroup(setting), ...files, ...(files.length > 0 ? [reload] : []), ...(await planRunning(setting))]
}

export const groupExists = (): boolean => new RegExp(`^${GROUP}:`, 'm').test(readFileSync('/etc/group', 'utf8'))

/** Its members may use the API. */
function planGroup({ machine }: Setting): Work[] {
  if (groupExists()) return []
  return [{ what: `make the group ${GROUP}`, run: () => machine.runner.run(['groupadd', '--system', GROUP]) }]
}

async function planRunning(setting: Setting): Promise<Work[]> {
  if (!(await run(setting))) return [{ what: await whatIsMissing(setting), run: () => start(setting) }]
  if (!configIsNewer(setting)) return []
  return [{ what: 'restart insulad, for its configuration has changed', run: () => restartDaemon(setting) }]
}

/** The daemon makes its socket when it starts. */
function configIsNewer({ instance }: Setting): boolean {
  const config = statSync(instance.configFile, { throwIfNoEntry: false })
  return config !== undefined && config.mtimeMs > statSync(instance.apiSocket).mtimeMs
}
