/** Files of stopped VPSs on the node. */

import { requireLegal } from '../life/legality.ts'
import type { Means } from '../means.ts'
import type { Handlers } from './handlers.ts'
import type { RunTask } from './run-task.ts'

export function mountHandlers(means: Means, run: RunTask): Pick<Handlers, 'vpsMount' | 'vpsUnmount' | 'vzfsMounts'> {
  const { inventory, tasks, mounted, relinks } = means
  return {
    vpsMount: async ({ params, query, body }) => {
      const vps = inventory.find(params.vps)
      if (!tasks.busy(vps.id)) requireLegal('mount', vps, params.vps)
      relinks.giveWay(vps.id)
      const doing = `cannot mount the files of VPS "${vps.name}"`
      return run({ kind: 'vps.mount', vps: vps.id, subject: vps.name, params: body, doing }, query, async () => {
        const now = inventory.get(vps.id)
        requireLegal('mount', now, vps.id)
        return mounted.mount(now, body)
      })
    },
    vpsUnmount: async ({ params, query }) => {
      const vps = inventory.find(params.vps)
      const doing = `cannot unmount the files of VPS "${vps.name}"`
      return run({ kind: 'vps.unmount', vps: vps.id, subject: vps.name, doing }, query, () => mounted.unmount(vps))
    },
    vzfsMounts: async () => ({ mounts: await mounted.all() }),
  }
}
