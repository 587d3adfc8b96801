/** Volumes: what there are, adding and removing, and VPSs that move between them. */

import type { Vps } from '@insula/contract'
import { requireLegal } from '../life/legality.ts'
import { moveVps, requireMovable } from '../life/move.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { addVolume } from '../volumes/add.ts'
import { setVolumeGrace } from '../volumes/grace.ts'
import { placeFor } from '../volumes/place.ts'
import { presentVolumes } from '../volumes/present.ts'
import { removeVolume, requireRemovable } from '../volumes/remove.ts'
import type { Handlers } from './handlers.ts'
import type { RunTask } from './run-task.ts'

type Names = 'volumeList' | 'volumeAdd' | 'volumeChange' | 'volumeRemove' | 'vpsMove'

export function volumeHandlers(means: Means, run: RunTask, shown: (record: VpsRecord) => Vps): Pick<Handlers, Names> {
  const { inventory, tasks, relinks } = means
  return {
    volumeList: async () => ({ volumes: await presentVolumes(means) }),

    volumeAdd: async ({ query, body }) => {
      // Refused at once what can be; and again in its turn, for others may have added one meanwhile.
      await placeFor(means, body)
      const { name } = body
      const spec = { kind: 'volume.add', subject: name, params: body, doing: `cannot add the volume "${name}"` }
      return run(spec, query, () => addVolume(means, body))
    },

    volumeChange: async ({ params, body }) => {
      setVolumeGrace(means, params.volume, body)
      return { volumes: await presentVolumes(means) }
    },

    volumeRemove: async ({ params, query }) => {
      const name = params.volume
      await requireRemovable(means, name)
      const spec = { kind: 'volume.remove', subject: name, doing: `cannot remove the volume "${name}"` }
      return run(spec, query, () => removeVolume(means, name))
    },

    vpsMove: async ({ params, query, body }) => {
      const vps = inventory.find(params.vps)
      if (!tasks.busy(vps.id)) requireLegal('move', vps, params.vps)
      requireMovable(means, vps, body.volume)
      relinks.giveWay(vps.id)
      const doing = `cannot move VPS "${vps.name}" to the volume "${body.volume}"`
      const spec = { kind: 'vps.move', vps: vps.id, subject: vps.name, params: body, doing, cancellable: true }
      return run(spec, query, async (work) => shown(await moveVps(means, vps.id, body.volume, work)))
    },
  }
}
