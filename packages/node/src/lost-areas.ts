/**
 * Private areas that no record speaks of: the database is gone, or older than the volume. Until they are recovered their ids, host ids and
 * addresses may be somebody's, so nothing new is created. One whose own record is damaged can never be recovered: it stays out of use, and keeps
 * nobody else from working.
 */

import { failure } from './failures.ts'
import type { Inventory } from './inventory.ts'
import type { Store } from './store/open.ts'
import type { AreaInfo, JoinedVzfs } from '@insula/vzfs'

export interface LostAreas {
  /** Looks again. */
  look(): Promise<readonly AreaInfo[]>
  /** As of the last look. */
  ids(): ReadonlySet<number>
  bases(): readonly number[]
  /** Those of them that might be recovered. */
  hopeful(): readonly number[]
  /** @throws ApiFailure conflict while there are such that might be recovered */
  requireNone(doing: string): void
  /** These cannot be recovered. */
  giveUp(ids: readonly number[]): Promise<void>
}

const GIVEN_UP = 'damaged_areas'

export async function openLostAreas(vzfs: Pick<JoinedVzfs, 'areas'>, inventory: Inventory, store: Store): Promise<LostAreas> {
  let lost: readonly AreaInfo[] = []
  let givenUp = new Set(((await store.meta(GIVEN_UP)) ?? '').split(',').filter(Boolean).map(Number))
  const hopeful = (): number[] => lost.map(({ id }) => id).filter((id) => !givenUp.has(id))
  return {
    hopeful,
    async look() {
      lost = (await vzfs.areas.list()).filter(({ id }) => !inventory.get(id))
      return lost
    },
    ids: () => new Set(lost.map(({ id }) => id)),
    bases: () => lost.map(({ base }) => base),
    requireNone(doing) {
      const found = hopeful()
      if (found.length === 0) return
      const named = `${found.slice(0, 10).join(', ')}${found.length > 10 ? ', ...' : ''}`
      throw failure(
        'conflict',
        `${doing}: private areas have no record in the database, which may be lost or old (VPS ${named})`,
        'rebuild it with `insula recover`',
      )
    },
    async giveUp(ids) {
      givenUp = new Set(ids)
      await store.setMeta(GIVEN_UP, ids.join(','))
    },
  }
}
