/** Rebuilds the database from the records that lie in private areas, with VPSs running or not. */

import { failure } from './failures.ts'
import type { Means } from './means.ts'
import { reconcile } from './reconcile.ts'
import { VpsRecord } from './record.ts'

export interface Recovery {
  readonly recovered: string[]
  readonly known: number
  readonly damaged: { readonly vps: number; readonly reason: string }[]
}

export async function recover(means: Means): Promise<Recovery> {
  const { inventory, vzfs } = means
  const recovered: string[] = []
  const damaged: { vps: number; reason: string }[] = []
  const areas = await vzfs.areas.list()
  const known = areas.filter(({ id }) => inventory.get(id)).length
  for (const area of areas.filter(({ id }) => !inventory.get(id))) {
    try {
      const record = VpsRecord.parse(await vzfs.areas.readRecord(area.id))
      if (record.id !== area.id || record.base !== area.base)
        throw new Error(`it speaks of VPS ${record.id}, the private area is of VPS ${area.id}`)
      // Whether it runs is the keeper's to say; `reconcile` asks.
      await inventory.add({ ...record, state: 'stopped', pid: null, startedAt: null })
      recovered.push(record.name)
    } catch (error) {
      damaged.push({ vps: area.id, reason: (error as Error).message })
    }
  }
  await reconcile(means)
  return { recovered, known, damaged }
}

/** Ids of private areas that no record speaks of: until they are recovered, ids and addresses may be theirs. */
export async function unrecorded(means: Means): Promise<number[]> {
  return (await means.vzfs.areas.list()).map(({ id }) => id).filter((id) => !means.inventory.get(id))
}

/** @throws ApiFailure conflict while there are such areas */
export async function requireRecovered(means: Means, doing: string): Promise<void> {
  const ids = await unrecorded(means)
  if (ids.length === 0) return
  throw failure(
    'conflict',
    `${doing}: the private areas of VPSs ${ids.slice(0, 10).join(', ')} have no record in the database, which may be lost`,
    'rebuild it with `insula recover`',
  )
}
