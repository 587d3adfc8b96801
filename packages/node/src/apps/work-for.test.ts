import assert from 'node:assert/strict'
import { test } from 'node:test'
import { within } from './work-for.ts'

test('so many lines and bytes are kept, and then it is said that there were more', () => {
  const told: string[] = []
  const take = within((line) => told.push(line), { lines: 3, bytes: 100 })
  for (const line of ['a', 'b', 'c', 'd', 'e']) take(line)
  assert.deepEqual(told, ['a', 'b', 'c', 'there was more, which is left out'])
  told.length = 0
  const short = within((line) => told.push(line), { lines: 100, bytes: 5 })
  for (const line of ['abc', 'äö', 'f']) short(line)
  assert.deepEqual(told, ['abc', 'there was more, which is left out'])
})
