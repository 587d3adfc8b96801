/** The one stream of changes: kept for a while in the database, and told to whoever listens. */

import type { Event } from '@insula/contract'
import type { Store } from './store/open.ts'

type Payload = Event extends infer One ? (One extends Event ? Pick<One, 'kind' | 'vps' | 'data'> : never) : never

export interface Events extends AsyncDisposable {
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
/** Events of so many milliseconds are written together: each write waits for the disk. */
const GATHER_MS = 50
/** Ids left out when the database is opened, because a killed process may have told of events that it had not written. */
const GAP = 1_000
const BEGIN = 'events_begin'

export async function openEvents(store: Store, onError: (error: unknown) => void): Promise<Events> {
  const { db } = store
  const last = await db.selectFrom('event').select('id').orderBy('id', 'desc').limit(1).executeTakeFirst()
  let latest = Math.max(last?.id ?? 0, Number((await store.meta(BEGIN)) ?? 0)) + GAP
  await store.setMeta(BEGIN, `${latest}`)
  let trimmed = latest
  let unwritten: Event[] = []
  let timer: NodeJS.Timeout | null = null
  const listeners = new Set<(event: Event) => void>()

  /** What was given to the database and may not be in it yet. */
  let underWay: Promise<unknown> = Promise.resolve()
  const write = async (): Promise<void> => {
    if (timer) clearTimeout(timer)
    timer = null
    if (unwritten.length === 0) return void (await underWay)
    const rows = unwritten.map(({ id, at, kind, vps, data }) => ({ id, at, kind, vps, data: JSON.stringify(data) }))
    unwritten = []
    const writing = store.write(db.insertInto('event').values(rows))
    underWay = writing.catch(() => undefined)
    await writing
    if (latest - trimmed < TRIM_EVERY) return
    trimmed = latest
    await store.write(db.deleteFrom('event').where('id', '<=', latest - KEPT))
  }

  return {
    emit(payload) {
      latest += 1
      const event: Event = { id: latest, at: new Date().toISOString(), ...payload }
      for (const listener of listeners) listener(event)
      unwritten.push(event)
      // Not waited for: who writes state has written it already; the stream only tells of it.
      timer ??= setTimeout(() => void write().catch(onError), GATHER_MS)
    },
    async since(id) {
      await write()
      const rows = await db.selectFrom('event').selectAll().where('id', '>', id).orderBy('id').execute()
      return rows.map(({ id, at, kind, vps, data }) => ({ id, at, kind, vps, data: JSON.parse(data) as unknown }) as Event)
    },
    latest: () => latest,
    listen(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
    [Symbol.asyncDispose]: write,
  }
}
