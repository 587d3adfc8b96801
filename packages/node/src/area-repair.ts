/** Private areas whose note of what they consist of is damaged: the record knows the same. */

import type { Means } from './means.ts'

export async function repairAreas({ inventory, vzfs, tasks, log }: Means): Promise<void> {
  for (const { id, name } of inventory.all()) {
    await tasks.exclusively(id, async () => {
      const vps = inventory.get(id)
      if (!vps) return
      const problem = await vzfs.areas.problem(id)
      if (!problem?.mendable) return
      try {
        await vzfs.areas.mend({ id, base: vps.base, layers: vps.layers })
        log(`VPS ${name}: ${problem.message}; it is written anew`)
      } catch (error) {
        log(`VPS ${name}: its private area could not be repaired`, error)
      }
    })
  }
}
