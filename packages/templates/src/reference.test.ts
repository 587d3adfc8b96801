import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { compareReferences, formatReference, nextReference, parseReference, type TemplateReference } from './reference.ts'

const day = fc
  .date({ min: new Date('2020-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))
const reference = fc.record(
  {
    name: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/),
    date: day,
    build: fc.integer({ min: 1, max: 999_999 }),
  },
  { noNullPrototype: true },
)

test('a reference survives being written and read', () => {
  fc.assert(fc.property(reference, (value) => assert.deepEqual(parseReference(formatReference(value)), value)))
  assert.deepEqual(parseReference('debian-12@2026-11-23.1'), { name: 'debian-12', date: '2026-11-23', build: 1 })
})

test('what is no reference is not one', () => {
  for (const text of [
    '',
    'debian-12',
    'debian-12@',
    'debian-12@2026-11-23',
    'debian-12@2026-11-23.0',
    '@2026-11-23.1',
    'a@2026-11-23.1\n',
    'a/b@2026-11-23.1',
  ]) {
    assert.equal(parseReference(text), null, text)
  }
})

test('the next version is new, the latest, and of today', () => {
  fc.assert(
    fc.property(fc.array(reference), day, (existing, date) => {
      const today = new Date(`${date}T12:00:00Z`)
      const sameDay = existing.map((other): TemplateReference => ({ ...other, name: 'x', date }))
      const next = nextReference('x', [...existing, ...sameDay], today)
      assert.equal(next.date, date)
      for (const other of sameDay) assert.ok(compareReferences(other, next) < 0)
    }),
  )
})

test('the tenth build of a day comes after the ninth', () => {
  const [ninth, tenth] = [parseReference('a@2026-11-23.9'), parseReference('a@2026-11-23.10')]
  assert.ok(ninth && tenth && compareReferences(ninth, tenth) < 0)
})

test('every day counts from one, and every template for itself', () => {
  const taken = ['a@2026-11-22.5', 'b@2026-11-23.7', 'a@2026-11-23.1']
    .map(parseReference)
    .filter((reference) => reference !== null)
  assert.equal(formatReference(nextReference('a', taken, new Date('2026-11-23T00:00:00Z'))), 'a@2026-11-23.2')
  assert.equal(formatReference(nextReference('a', taken, new Date('2026-11-24T00:00:00Z'))), 'a@2026-11-24.1')
})
