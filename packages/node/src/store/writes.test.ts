import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Kysely } from 'kysely'
import { nodeSqliteDialect } from './dialect.ts'
import { openWrites } from './writes.ts'

/** A disk that is as slow as the test wants. */
function world(t: TestContext) {
  const database = new DatabaseSync(':memory:')
  database.exec('create table t (n integer primary key)')
  const db = new Kysely<{ t: { n: number } }>({ dialect: nodeSqliteDialect(database) })
  t.after(() => database.close())
  const asked: { rows: number; done: PromiseWithResolvers<void> }[] = []
  const lost: unknown[] = []
  const rows = (): number => (database.prepare('select count(*) as n from t').get() as { n: number }).n
  const { write, settle } = openWrites(
    database,
    () => {
      const done = Promise.withResolvers<void>()
      asked.push({ rows: rows(), done })
      return done.promise
    },
    (error) => void lost.push(error),
  )
  const told: string[] = []
  const insert = (n: number): void =>
    void write(db.insertInto('t').values({ n })).then(
      () => told.push(`${n}`),
      (error: Error) => told.push(`${n}: ${error.message}`),
    )
  return { asked, lost, told, insert, settle, rows }
}

test('nothing is said to be written before the disk has it, and the disk is asked after the commit', async (t) => {
  const { asked, told, insert } = world(t)
  insert(1)
  insert(2)
  await turn()
  assert.deepEqual([asked.length, asked[0]?.rows, told], [1, 2, []])
  asked[0]?.done.resolve()
  await turn()
  assert.deepEqual(told, ['1', '2'])
})

test('what is committed while the disk is waited for goes with the next time, all at once', async (t) => {
  const { asked, told, insert, rows } = world(t)
  insert(1)
  await turn()
  for (const n of [2, 3, 1]) {
    insert(n)
    await turn()
  }
  assert.deepEqual([asked.length, rows()], [1, 3], 'others are not kept from the database meanwhile')
  asked[0]?.done.resolve()
  await turn()
  assert.deepEqual([asked.length, asked[1]?.rows, told], [2, 3, ['1']])
  asked[1]?.done.resolve()
  await turn()
  assert.deepEqual(told.slice(1, 3), ['2', '3'])
  assert.match(told[3] ?? '', /^1: UNIQUE/)
})

test('a disk that fails is said to be lost, and nothing that it did not take is said to be written', async (t) => {
  const { asked, told, lost, insert } = world(t)
  insert(1)
  await turn()
  insert(2)
  await turn()
  asked[0]?.done.reject(new Error('EIO'))
  await turn()
  assert.deepEqual([told, lost.length], [['1: EIO'], 1])
  asked[1]?.done.resolve()
  await turn()
  assert.deepEqual(told, ['1: EIO', '2'])
})

test('settle writes what waits and waits for the disk', async (t) => {
  const { asked, told, insert, settle } = world(t)
  insert(1)
  let over = false
  const settled = settle().then(() => (over = true))
  await turn()
  assert.deepEqual([asked.length, over], [1, false])
  asked[0]?.done.resolve()
  await settled
  assert.deepEqual(told, ['1'])
})

test('what is written in the moment in which the disk has just been waited for is not forgotten', async (t) => {
  for (let delay = 0; delay < 6; delay++) {
    const { asked, told, insert, settle } = world(t)
    insert(1)
    await turn()
    const second = asked[0]?.done.promise.then(async () => {
      for (let microtask = 0; microtask < delay; microtask++) await Promise.resolve()
      insert(2)
      void settle()
    })
    asked[0]?.done.resolve()
    await second
    for (let look = 0; look < 3; look++) {
      await turn()
      for (const { done } of asked) done.resolve()
    }
    await turn()
    assert.deepEqual(told, ['1', '2'], `${delay} microtasks later`)
  }
})
