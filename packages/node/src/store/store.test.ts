import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { sql } from 'kysely'
import { openStore } from './open.ts'

const directory = mkdtempSync(join(tmpdir(), 'insula-store-'))
after(() => rmSync(directory, { recursive: true }))
const file = (name: string): string => join(directory, `${name}.db`)

const vps = (id: number) => ({ id, name: `vps-${id}`, base: id * 65_536, record: '{}' })

describe('the store', () => {
  it('keeps what was written, and is for its owner alone', async () => {
    const first = openStore(file('kept'))
    await first.setMeta('colour', 'blue')
    await first.setMeta('colour', 'red')
    await first[Symbol.asyncDispose]()
    assert.equal(statSync(file('kept')).mode & 0o777, 0o600)
    await using again = openStore(file('kept'))
    assert.deepEqual([await again.meta('colour'), await again.meta('size')], ['red', null])
  })

  it('can be copied at any time, and the copy has what was said to be written', async () => {
    await using store = openStore(file('copied'))
    for (let id = 1; id <= 20; id++) {
      await store.write(store.db.insertInto('vps').values(vps(id)))
      for (const part of ['', '-wal']) copyFileSync(file('copied') + part, file(`copy-${id}`) + part)
      await using copy = openStore(file(`copy-${id}`))
      assert.equal((await copy.db.selectFrom('vps').select('id').execute()).length, id)
    }
  })

  it('takes a unit back whole', async () => {
    await using store = openStore(file('units'))
    const { db, write } = store
    const stranger = db.insertInto('address').values({ address: '10.0.0.1', vps: 99 })
    await assert.rejects(write(db.insertInto('vps').values(vps(1)), stranger), /FOREIGN KEY/)
    assert.deepEqual(await db.selectFrom('vps').select('id').execute(), [])
  })

  it('gives an address and a range of host ids to one VPS only, and takes addresses back with their VPS', async () => {
    await using store = openStore(file('unique'))
    const { db } = store
    await db
      .insertInto('vps')
      .values([vps(1), vps(2)])
      .execute()
    await db.insertInto('address').values({ address: '10.0.0.1', vps: 1 }).execute()
    await assert.rejects(db.insertInto('address').values({ address: '10.0.0.1', vps: 2 }).execute(), /UNIQUE/)
    await assert.rejects(
      db
        .insertInto('vps')
        .values({ ...vps(3), base: vps(1).base })
        .execute(),
      /UNIQUE/,
    )
    await assert.rejects(
      db
        .insertInto('vps')
        .values({ ...vps(3), name: 'vps-1' })
        .execute(),
      /UNIQUE/,
    )
    await db.deleteFrom('vps').where('id', '=', 1).execute()
    assert.deepEqual(await db.selectFrom('address').selectAll().execute(), [])
  })

  it('tells how much a statement changed', async () => {
    await using store = openStore(file('counts'))
    const { insertId } = await store.db
      .insertInto('event')
      .values({ id: 7, at: '', kind: '', vps: null, data: '' })
      .executeTakeFirst()
    assert.equal(insertId, 7n)
    const { numDeletedRows } = await store.db.deleteFrom('event').executeTakeFirst()
    assert.equal(numDeletedRows, 1n)
  })

  it('makes what comes together durable together; what one of them may not do, the others may', async () => {
    await using store = openStore(file('together'))
    const insert = (id: number): Promise<unknown> => store.write(store.db.insertInto('vps').values(vps(id)))
    const results = await Promise.allSettled([...Array.from({ length: 50 }, (_, id) => insert(id)), insert(7), insert(50)])
    assert.deepEqual(
      results.flatMap(({ status }, index) => (status === 'rejected' ? [index] : [])),
      [50],
    )
    // As another process would see it, while this one still has it open.
    const seen = new DatabaseSync(file('together')).prepare('select id from vps order by id').all()
    assert.deepEqual(
      seen.map(({ id }) => id),
      Array.from({ length: 51 }, (_, id) => id),
    )
  })

  it('tells nobody that something is on a disk that was full', async () => {
    await using store = openStore(file('full'))
    await sql`pragma max_page_count = 40`.execute(store.db)
    const insert = (id: number): Promise<unknown> =>
      store.write(store.db.insertInto('vps').values({ ...vps(id), record: 'x'.repeat(3_000) }))
    const kept: number[] = []
    // Some alone, then many at once.
    for (const group of [[0], [1], Array.from({ length: 60 }, (_, index) => index + 2)]) {
      const results = await Promise.allSettled(group.map(insert))
      kept.push(...group.filter((_, index) => results[index]?.status === 'fulfilled'))
    }
    const rows = await store.db.selectFrom('vps').select('id').orderBy('id').execute()
    assert.deepEqual(
      rows.map(({ id }) => id),
      kept,
    )
    assert.deepEqual(kept, [0, 1])
    await sql`pragma max_page_count = 3000`.execute(store.db)
    await insert(100)
  })

  it('puts a damaged file aside, says so, and begins a new one', async () => {
    // No header; a header, and pages that make no sense.
    for (const from of [0, 4096 * 3]) {
      const path = file(`damaged-from-${from}`)
      const before = openStore(path)
      await Promise.all(Array.from({ length: 200 }, (_, id) => before.write(before.db.insertInto('vps').values(vps(id)))))
      await before[Symbol.asyncDispose]()
      const damaged = readFileSync(path).fill(0xa5, from)
      writeFileSync(path, damaged)
      writeFileSync(`${path}-wal`, 'log')
      const told: string[] = []
      await using store = openStore(path, (message) => told.push(message))
      assert.deepEqual(await store.db.selectFrom('vps').select('id').execute(), [])
      const [, aside = ''] = /is kept as (\S+),/.exec(told.join()) ?? []
      assert.match(told.join(), /is damaged .*insula recover/)
      assert.ok(readFileSync(aside).equals(damaged))
    }
  })

  it('refuses a database of a newer version, and leaves it alone', async () => {
    await openStore(file('newer'))[Symbol.asyncDispose]()
    const raw = new DatabaseSync(file('newer'))
    raw.exec('pragma user_version = 99')
    raw.close()
    assert.throws(() => openStore(file('newer')), /newer Insula \(schema 99, this one knows 1\)/)
  })
})
