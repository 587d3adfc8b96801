import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { fieldOf, formatStanzas, parseStanzas, type Stanza, withField } from './control.ts'

test('stanzas with fields over several lines', () => {
  const [nginx, redis, ...more] = parseStanzas(
    'Package: nginx\nVersion: 1:2.0-1\nDescription: a server\n that serves\n .\n more\n\n\nPackage: redis\nSize:  7\n',
  )
  assert.equal(more.length, 0)
  assert.equal(fieldOf(nginx ?? [], 'version'), '1:2.0-1')
  assert.equal(fieldOf(nginx ?? [], 'Description'), 'a server\n that serves\n .\n more')
  assert.equal(fieldOf(redis ?? [], 'Size'), '7')
  assert.equal(fieldOf(redis ?? [], 'Filename'), null)
  assert.equal(fieldOf(withField(redis ?? [], 'SIZE', '8'), 'Size'), '8')
})

const word = fc
  .string({ unit: fc.constantFrom(...'abcXYZ019 :.-+~'.split('')), minLength: 0, maxLength: 12 })
  .map((text) => text.trim())
const value = fc
  .array(word, { minLength: 1, maxLength: 4 })
  .map((lines) => lines.map((line, at) => (at === 0 ? line : ` ${line || '.'}`)).join('\n'))
const name = fc
  .string({ unit: fc.constantFrom(...'abcdefXYZ-'.split('')), minLength: 1, maxLength: 8 })
  .filter((text) => !text.startsWith('-'))
const stanza: fc.Arbitrary<Stanza> = fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 5 })

test('what is written is read again', () => {
  fc.assert(
    fc.property(fc.array(stanza, { maxLength: 5 }), (stanzas) => assert.deepEqual(parseStanzas(formatStanzas(stanzas)), stanzas)),
  )
})

test('no text breaks it', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'a:\n\t -#\0é'.split('')) }), (text) => {
      for (const one of parseStanzas(text)) assert.ok(one.length > 0)
    }),
  )
})
