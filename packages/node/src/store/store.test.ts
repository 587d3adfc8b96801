import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
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
  it('says whether it is fresh, keeps what was written, and is for its owner alone', async () => {
    const first = openStore(file('kept'))
    assert.equal(first.fresh, true)
    await first.setMeta('colour', 'blue')
    await first.setMeta('colour', 'red')
    await first[Symbol.asyncDispose]()
    assert.equal(statSync(file('kept')).mode & 0o777, 0o600)
    await using again = openStore(file('kept'))
    assert.deepEqual([again.fresh, await again.meta('colour'), await again.meta('size')], [false, 'red', null])
  })

  it('waits for the disk with every commit', async () => {
    await using store = openStore(file('durable'))
    const { rows } = await sql<{ synchronous: number }>`pragma synchronous`.execute(store.db)
    assert.deepEqual({ ...rows[0] }, { synchronous: 2 })
  })

  it('takes a transaction back whole, and transactions at once take their turn', async () => {
    await using store = openStore(file('turns'))
    const { db } = store
    await assert.rejects(
      db.transaction().execute(async (transaction) => {
        await transaction.insertInto('vps').values(vps(1)).execute()
        await transaction.insertInto('address').values({ address: '10.0.0.1', vps: 99 }).execute()
      }),
      /FOREIGN KEY/,
    )
    assert.deepEqual(await db.selectFrom('vps').select('id').execute(), [])

    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        db.transaction().execute(async (transaction) => {
          const before = await transaction
            .selectFrom('vps')
            .select(({ fn }) => fn.countAll<number>().as('count'))
            .executeTakeFirstOrThrow()
          await new Promise((resolve) => setImmediate(resolve))
          assert.equal(before.count, index)
          await transaction.insertInto('vps').values(vps(index)).execute()
        }),
      ),
    )
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

  it('refuses a database of a newer version, and leaves it alone', async () => {
    await openStore(file('newer'))[Symbol.asyncDispose]()
    const raw = new DatabaseSync(file('newer'))
    raw.exec('pragma user_version = 99')
    raw.close()
    assert.throws(() => openStore(file('newer')), /newer Insula \(schema 99, this one knows 1\)/)
  })
})
