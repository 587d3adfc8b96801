/** All VPSs of the node, in memory for reading, in the database before anything is done about a change. */

import type { Compilable } from 'kysely'
import { canMove, type SettledState, type VpsState } from '@insula/model'
import { failure } from './failures.ts'
import type { Events } from './events.ts'
import { parseRecord, type VpsRecord } from './record.ts'
import type { Store } from './store/open.ts'

export interface Inventory {
  all(): VpsRecord[]
  get(id: number): VpsRecord | null
  /** By id or name. @throws ApiFailure not_found */
  find(ref: string): VpsRecord
  byName(name: string): VpsRecord | null
  /** Address to the VPS that has it. */
  addresses(): ReadonlyMap<string, number>
  bases(): ReadonlySet<number>
  ids(): ReadonlySet<number>
  /** Adds a VPS, with its addresses, in one transaction. */
  add(record: VpsRecord): Promise<void>
  /** Changes fields of a VPS, and its addresses if they are among them, in one transaction. Returns the record as it is now. */
  change(id: number, fields: Partial<Omit<VpsRecord, 'id' | 'base'>>): Promise<VpsRecord>
  /** A change of state that the model allows, with the event that tells of it. */
  move(id: number, to: VpsState, fields?: Partial<Omit<VpsRecord, 'id' | 'base' | 'state'>>): Promise<VpsRecord>
  /** The state that a VPS was found in, whatever its record said. */
  settle(id: number, found: SettledState, fields?: Partial<Omit<VpsRecord, 'id' | 'base' | 'state'>>): Promise<VpsRecord>
  remove(id: number): Promise<void>
}

export async function openInventory(
  store: Store,
  events: Events,
  log: (message: string, details?: unknown) => void = () => undefined,
): Promise<Inventory> {
  const { db } = store
  const records = new Map<number, VpsRecord>()
  const holders = new Map<string, number>()
  const remember = (record: VpsRecord): void => {
    forgetAddresses(record.id)
    records.set(record.id, record)
    for (const address of record.addresses) holders.set(address, record.id)
  }
  const forgetAddresses = (id: number): void => {
    for (const address of records.get(id)?.addresses ?? []) holders.delete(address)
  }
  const addressesOf = ({ id, addresses }: VpsRecord): Compilable[] =>
    addresses.length === 0 ? [] : [db.insertInto('address').values(addresses.map((address) => ({ address, vps: id })))]
  for (const { id, record } of await db.selectFrom('vps').select(['id', 'record']).execute()) {
    try {
      remember(parseRecord(JSON.parse(record)))
    } catch (error) {
      // Its private area has another copy; the row would be in the way of that.
      log(`the database's record of VPS ${id} is damaged and removed; \`insula recover\` reads the copy: ${record}`, error)
      await store.write(db.deleteFrom('vps').where('id', '=', id))
    }
  }

  const change: Inventory['change'] = async (id, fields) => {
    const before = records.get(id)
    if (!before) throw failure('not_found', `there is no VPS ${id}`)
    const after = { ...before, ...fields }
    // In memory first, so that of two requests at once the second sees the first; put back if the database refuses.
    remember(after)
    try {
      await store.write(
        db
          .updateTable('vps')
          .set({ name: after.name, record: JSON.stringify(after) })
          .where('id', '=', id),
        ...(fields.addresses === undefined ? [] : [db.deleteFrom('address').where('vps', '=', id), ...addressesOf(after)]),
      )
    } catch (error) {
      remember(before)
      throw error
    }
    return after
  }
  const tell = (from: VpsState | undefined, { id, name, state: to, problem }: VpsRecord): void => {
    if (from !== undefined && from !== to) events.emit({ kind: 'vps.state', vps: id, data: { name, from, to, problem } })
  }

  return {
    all: () => [...records.values()].toSorted((a, b) => a.id - b.id),
    get: (id) => records.get(id) ?? null,
    find(ref) {
      const found = /^\d+$/.test(ref) ? records.get(Number(ref)) : [...records.values()].find(({ name }) => name === ref)
      if (found) return found
      throw failure('not_found', `there is no VPS "${ref}"`, 'see `insula list` for those of this node')
    },
    byName: (name) => [...records.values()].find((record) => record.name === name) ?? null,
    addresses: () => holders,
    bases: () => new Set([...records.values()].map(({ base }) => base)),
    ids: () => new Set(records.keys()),
    async add(record) {
      remember(record)
      try {
        const { id, name, base } = record
        await store.write(db.insertInto('vps').values({ id, name, base, record: JSON.stringify(record) }), ...addressesOf(record))
      } catch (error) {
        records.delete(record.id)
        // Anew from the others: one of them may have an address that this record named too.
        holders.clear()
        for (const other of records.values()) for (const address of other.addresses) holders.set(address, other.id)
        throw error
      }
    },
    change,
    async move(id, to, fields = {}) {
      const from = records.get(id)?.state
      if (from !== undefined && !canMove(from, to)) throw new Error(`VPS ${id} is ${from} and cannot become ${to}`)
      const record = await change(id, { ...fields, state: to })
      tell(from, record)
      return record
    },
    async settle(id, found, fields = {}) {
      const from = records.get(id)?.state
      const record = await change(id, { ...fields, state: found })
      tell(from, record)
      return record
    },
    async remove(id) {
      const record = records.get(id)
      if (!record) return
      await store.write(db.deleteFrom('vps').where('id', '=', id))
      forgetAddresses(id)
      records.delete(id)
      // Nobody was told of one that never came into being, and a workshop is nobody's.
      if (record.state !== 'creating') events.emit({ kind: 'vps.destroyed', vps: id, data: { name: record.name } })
    },
  }
}
