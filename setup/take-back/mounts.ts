/** Files of VPSs that an administrator has mounted: they would keep the volume alive. */

import { readFileSync } from 'node:fs'
import { HOST_MOUNT_SOURCE, ProcessFailed } from '@insula/kernel'
import { type Plan, SetupFailed } from '../work.ts'

export const planMounts: Plan = async ({ machine, instance }) =>
  mountedBelow(`${instance.run}/mounts`).map((path) => ({
    what: `unmount ${path}`,
    run: async () => {
      try {
        await machine.runner.run(['umount', path])
      } catch (error) {
        if (!(error instanceof ProcessFailed)) throw error
        throw new SetupFailed(`${path} cannot be unmounted: ${error.message}`, 'leave it, and end what uses it', { cause: error })
      }
    },
  }))

function mountedBelow(directory: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(` - overlay ${HOST_MOUNT_SOURCE} `))
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.startsWith(`${directory}/`))
}
