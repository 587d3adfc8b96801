import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { learned, type Scores } from './hot.ts'

test('what is in RAM at two looks is hotter than what was there at one', () => {
  const first = learned(
    {},
    new Map([
      ['a', 1],
      ['b', 0],
    ]),
  )
  assert.deepEqual(first, { a: 0.3 })
  const second = learned(
    first,
    new Map([
      ['a', 1],
      ['b', 1],
    ]),
  )
  assert.deepEqual(second, { a: 0.51, b: 0.3 })
})

test('a score stays between 0 and 1, follows what is seen, and what is never seen again is forgotten', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 }), (parts) => {
      let scores: Scores = {}
      for (const part of parts) {
        const before = scores.x ?? 0
        scores = learned(scores, new Map([['x', part]]))
        const after = scores.x ?? 0
        assert.ok(after >= 0 && after <= 1)
        if (after > 0) assert.ok(Math.abs(after - part) <= Math.abs(before - part) + 0.001)
      }
      for (let round = 0; round < 20; round++) scores = learned(scores, new Map([['x', 0]]))
      assert.equal(scores.x, undefined)
    }),
  )
})

test('a list of hot contents has a bound, and keeps the hottest', () => {
  const seen = new Map(Array.from({ length: 10_000 }, (_, index) => [`${index}`, index / 10_000] as const))
  const scores = learned({}, seen)
  assert.equal(Object.keys(scores).length, 4_000)
  assert.equal(scores['9999'], 0.3)
  assert.equal(scores['5000'], undefined)
})
