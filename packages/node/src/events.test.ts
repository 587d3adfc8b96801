import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openEvents } from './events.ts'
import { openStore } from './store/open.ts'

test('a reader of the past finds what is on its way to the database', async () => {
  await using store = openStore(':memory:')
  await using events = await openEvents(store, (error) => assert.fail(String(error)))
  const begin = events.latest()
  const told = (name: string): void => events.emit({ kind: 'vps.created', vps: 101, data: { name } })
  told('one')
  const first = events.since(begin)
  told('two')
  // The first write is given to the database and not in it; the second reader asks meanwhile.
  const second = events.since(begin)
  const third = events.since(begin)
  assert.equal((await first).length >= 1, true)
  assert.equal((await second).length, 2)
  assert.equal((await third).length, 2)
})
