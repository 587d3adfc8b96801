import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ApiFailure } from '@insula/contract/api-failure'
import type { Context } from './context.ts'
import { editDistance, nameSuggestion, nearest } from './suggest.ts'

test('the nearest name, if it is near', () => {
  const known = ['web', 'webmail', 'database', 'db']
  assert.equal(nearest('wbe', known), 'web')
  assert.equal(nearest('databse', known), 'database')
  assert.equal(nearest('web1', known), 'web')
  assert.equal(nearest('nothing', known), undefined)
  assert.equal(nearest('web', known), undefined, 'what is there need not be suggested')
  assert.equal(nearest('x', []), undefined)
})

test('distance is a distance', () => {
  const word = fc.string({ maxLength: 8 })
  fc.assert(
    fc.property(word, word, (a, b) => {
      assert.equal(editDistance(a, b), editDistance(b, a))
      assert.equal(editDistance(a, b) === 0, a === b)
      assert.ok(editDistance(a, b) <= Math.max(a.length, b.length))
      assert.ok(editDistance(a, b) >= Math.abs(a.length - b.length))
    }),
  )
  assert.equal(editDistance('ab', 'ba'), 1)
  assert.equal(editDistance('kitten', 'sitting'), 3)
})

test('a path is no name that somebody mistyped', async () => {
  const asked: string[] = []
  const context = {
    client: async () => ({ volumeList: async () => (asked.push('volumes'), { volumes: [{ name: 'big' }] }) }),
  } as unknown as Context
  const suggested = (wanted: string): Promise<string | undefined> =>
    nameSuggestion(new ApiFailure({ code: 'not_found', message: `there is no volume "${wanted}"` }), context)
  assert.equal(await suggested('bgi'), 'did you mean big?')
  assert.equal(await suggested('/big'), undefined)
  assert.deepEqual(asked, ['volumes'])
})
