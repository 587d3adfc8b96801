/** The one stream of changes: kept for a while in the database, and told to whoever listens. */

import type { Event } from '@insula/contract'
import type { Store } from './store/open.ts'

type Payload = Event extends infer One ? (One extends Event ? Pick<One, 'kind' | 'vps' | 'data'> : never) : never

export interface Events {
  emit(event: Payload): void
  /** Kept events after `id`, oldest first. */
  since(id: number): Promise<Event[]>
  /** Id of the latest. */
  latest(): number
  listen(listener: (event: Event) => void): Disposable
}

/** So many are kept. */
const KEPT = 5_000
/** Trimmed after every so many. */
const TRIM_EVERY = 500

export async function openEvents(store: Store, onError: (error: unknown) => void): Promise<Events> {
  const { db } = store
  const last = await db.selectFrom('event').select('id').orderBy('id', 'desc').limit(1).executeTakeFirst()
  let latest = last?.id ?? 0
  const listeners = new Set<(event: Event) => void>()
  return {
    emit(payload) {
      latest += 1
      const event = { id: latest, at: new Date().toISOString(), ...payload } as Event
      for (const listener of listeners) listener(event)
      // Not waited for: who writes state has written it already; the stream only tells of it.
      const { id, at, kind, vps } = event
      db.insertInto('event')
        .values({ id, at, kind, vps, data: JSON.stringify(event.data) })
        .execute()
        .catch(onError)
      if (latest % TRIM_EVERY === 0)
        db.deleteFrom('event')
          .where('id', '<=', latest - KEPT)
          .execute()
          .catch(onError)
    },
    async since(id) {
      const rows = await db.selectFrom('event').selectAll().where('id', '>', id).orderBy('id').execute()
      return rows.map((row) => ({ ...row, data: JSON.parse(row.data) as unknown }) as Event)
    },
    latest: () => latest,
    listen(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
  }
}
