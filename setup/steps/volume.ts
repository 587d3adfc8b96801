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
    if (options.size !== undefined) {
      throw new SetupFailed(
        `--size is for the volume that is a file; instance ${instance.name} keeps its VPSs in ${brought}`,
        'leave --size out',
      )
    }
    // A daemon that has used it has tried it.
    if (!existsSync(instance.database)) await tryVolume(setting, brought)
    return []
  }
  const size = sizeOf(instance.volumeImage, options.size)
  if (await machine.volumes.mounted(instance.volume)) return []
  const work: Work = existsSync(instance.volumeImage)
    ? { what: `mount ${instance.volumeImage}`, run: () => attach(setting, size) }
    : { what: `make ${instance.volumeImage} (XFS, ${formatSize(size)}, sparse) and mount it`, run: () => make(setting, size) }
  return [work]
}

/** In bytes: its own, or of a new one what is wanted. @throws SetupFailed when it has another size than is wanted */
export function sizeOf(image: string, wanted: number | undefined): number {
  if (!existsSync(image)) return wanted ?? DEFAULT_SIZE
  const { size } = statSync(image)
  if (wanted === undefined || wanted === size) return size
  throw new SetupFailed(
    `the volume ${image} is there already, with ${formatSize(size)}; --size ${formatSize(wanted)} is for a new one`,
    'leave --size out, or use another instance (--instance NAME), or give the volume up: ./down --purge deletes all its VPSs',
  )
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
