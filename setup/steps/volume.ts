/** Where VPSs are kept: a directory of the administrator's, or one sparse XFS image for the whole node, mounted. */

import { existsSync, rmSync, statSync } from 'node:fs'
import { formatSize } from '@insula/contract'
import { readConfig } from '@insula/node'
import { type Plan, type Setting, SetupFailed, type Work } from '../work.ts'

export const DEFAULT_SIZE = 20 * 1024 ** 3

export const planVolume: Plan = async (setting) => {
  const { instance, machine, options } = setting
  const brought = options.volume ?? readConfig(instance.configFile).volume
  if (brought !== undefined) {
    // A daemon that has used it has tried it.
    if (!existsSync(instance.database)) await tryVolume(setting, brought)
    return []
  }
  if (await machine.volumes.mounted(instance.volume)) return []
  const size = existsSync(instance.volumeImage) ? statSync(instance.volumeImage).size : (options.size ?? DEFAULT_SIZE)
  const work: Work = existsSync(instance.volumeImage)
    ? { what: `mount ${instance.volumeImage}`, run: () => attach(setting, size) }
    : { what: `make ${instance.volumeImage} (XFS, ${formatSize(size)}, sparse) and mount it`, run: () => make(setting, size) }
  return [work]
}

const attach = ({ machine, instance }: Setting, size: number): Promise<void> =>
  machine.volumes.ensureLoopVolume(instance.volumeImage, instance.volume, size)

async function make(setting: Setting, size: number): Promise<void> {
  const { instance } = setting
  try {
    await attach(setting, size)
    await tryVolume(setting, instance.volume)
  } catch (error) {
    await setting.machine.volumes.detach(instance.volume)
    rmSync(instance.volumeImage, { force: true })
    throw error
  }
}

async function tryVolume({ machine }: Setting, path: string): Promise<void> {
  const { vzfs, vzfsProblem } = await machine.volumes.probe(path)
  if (!vzfs) {
    throw new SetupFailed(
      `VZFS does not work on ${path}: ${vzfsProblem ?? 'unknown'}`,
      'give a directory on XFS or ext4 with --volume DIR',
    )
  }
}
