/** The mounted volume, and what ./up put beside the data of the instance. What instances share goes with the last one that runs. */

import { existsSync, lstatSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { furtherVolumes } from '../further-volumes.ts'
import { COMMAND, COMPLETIONS } from '../steps/command.ts'
import { SYSCTL_FILE } from '../steps/sysctls.ts'
import { unitsFor } from '../units.ts'
import type { Plan, Setting, Work } from '../work.ts'

export const planVolume: Plan = async ({ machine, instance }) => {
  const images = furtherVolumes(instance).flatMap(({ image, path }) => (image === null ? [] : [path]))
  const mounted: string[] = []
  for (const path of [...images, instance.volume]) if (await machine.volumes.mounted(path)) mounted.push(path)
  return mounted.map((path) => ({ what: `unmount ${path}`, run: () => machine.volumes.detach(path) }))
}

export const planFiles: Plan = async (setting) => {
  if (otherInstances(setting).length > 0) return []
  const units = unitsFor(setting.home, process.execPath).map(({ file }) => file)
  const shared = [...units, SYSCTL_FILE, ...COMPLETIONS.map(({ file }) => file)]
  const gone = shared.filter((file) => existsSync(file)).map(remove)
  const reload: Work = { what: 'reload systemd', run: () => setting.machine.runner.run(['systemctl', 'daemon-reload']) }
  const unitsChange = setting.machine.systemd && units.some((file) => existsSync(file))
  return [...gone, ...(isOurLink(setting) ? [remove(COMMAND)] : []), ...(unitsChange ? [reload] : [])]
}

/** For whom the files stay that all instances share. */
export function keptFiles(setting: Setting): string | null {
  const others = otherInstances(setting)
  if (others.length === 0) return null
  return `kept for ${others.join(', ')}: the command insula with its completions, ${SYSCTL_FILE}${setting.machine.systemd ? ', units of systemd' : ''}`
}

/** In words, when the command is another checkout's; null when it is ours, or not there. */
export function foreignCommand(setting: Setting): string | null {
  const link = lstatSync(COMMAND, { throwIfNoEntry: false })
  if (!link?.isSymbolicLink() || isOurLink(setting)) return null
  return `${COMMAND} is a link to ${readlinkSync(COMMAND)}, which is not of this directory`
}

/** Names of those that serve. */
export function otherInstances({ instance }: Setting): string[] {
  const root = join(instance.run, '..')
  return (existsSync(root) ? readdirSync(root) : []).filter(
    (name) => name !== instance.name && existsSync(join(root, name, 'api.sock')),
  )
}

/** What has to be done before this directory goes, while the command stays for others; null when nothing. */
export function commandFromHere(setting: Setting): string | null {
  if (otherInstances(setting).length === 0 || !isOurLink(setting)) return null
  return `${COMMAND} is a link into this directory (${setting.home}): run ./up in the one that the others run from before you remove it`
}

function isOurLink({ home }: Setting): boolean {
  const link = lstatSync(COMMAND, { throwIfNoEntry: false })
  return link?.isSymbolicLink() === true && readlinkSync(COMMAND) === join(home, 'bin/insula')
}

const remove = (file: string): Work => ({ what: `remove ${file}`, run: async () => rmSync(file, { force: true }) })
