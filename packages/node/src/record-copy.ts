/** The copy of a VPS's record in its private area: what is left when the database is lost. Worth something only while it can be read. */

import type { AreaInfo } from '@insula/vzfs'
import type { Means } from './means.ts'
import { parseRecord, type VpsRecord } from './record.ts'

/** @throws with the reason when it cannot be read, or speaks of another */
export async function readCopy({ vzfs }: Pick<Means, 'vzfs'>, { id, base }: Pick<AreaInfo, 'id' | 'base'>): Promise<VpsRecord> {
  const record = parseRecord(await vzfs.areas.readRecord(id))
  if (record.id === id && record.base === base) return record
  throw new Error(
    `it speaks of VPS ${record.id} with host ids from ${record.base}; the private area is VPS ${id}'s, from ${base}`,
  )
}

export interface DamagedCopy {
  readonly vps: VpsRecord
  readonly reason: string
}

/** Of VPSs that the database knows. */
export async function damagedCopies(means: Means): Promise<DamagedCopy[]> {
  const { vzfs, inventory, tasks } = means
  const found = await Promise.all(
    (await vzfs.areas.list()).map(async ({ id, base }) => {
      const reason = await readCopy(means, { id, base }).then(
        () => null,
        (error: unknown) => (error as Error).message,
      )
      // Asked for afterwards: it may have been destroyed meanwhile, or a task writes it just now.
      const vps = inventory.get(id)
      return reason === null || !vps || tasks.busy(id) ? [] : [{ vps, reason }]
    }),
  )
  return found.flat()
}

/** Writes them anew from the database. */
export async function repairCopies(means: Means): Promise<void> {
  for (const { vps, reason } of await damagedCopies(means)) {
    const { id, name } = vps
    await means.tasks.exclusively(id, async () => {
      const now = means.inventory.get(id)
      if (!now) return
      await means.vzfs.areas.writeRecord(id, now)
      means.log(`VPS ${name}: the copy of its record could not be read (${reason}); it is written anew`)
    })
  }
}
