import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { VzfsError } from './errors.ts'
import { areaIdOf, digestOfKey, parseAreaId, parseBase, parseLayerName, poolKey } from './names.ts'

const refused = (error: unknown): boolean => error instanceof VzfsError && error.code === 'name_invalid'

test('a layer name can never lead out of its directory', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9./@_-]*$/)), (name) => {
      try {
        parseLayerName(name)
      } catch (error) {
        return refused(error)
      }
      return !name.includes('/') && !name.includes('\0') && !name.startsWith('.') && name.length > 0 && name.length <= 200
    }),
  )
})

test('names of template versions are layer names', () => {
  for (const name of ['debian-12@2026-11-23.1', 'micro@2026-01-01.12', 'a', '0', 'x_y.z@1-2'])
    assert.equal(parseLayerName(name), name)
  for (const name of ['', '.', '..', '-a', '@a', 'A', 'a b', 'a/b', 'a:b', 'a,b', 'ä', `a${'b'.repeat(200)}`, 'a\n']) {
    assert.throws(() => parseLayerName(name), refused, name)
  }
})

test('area ids are whole numbers above 0, and their directory names lead back to them', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (id) => areaIdOf(String(parseAreaId(id))) === id))
  for (const id of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) assert.throws(() => parseAreaId(id), refused, String(id))
  for (const name of ['', '0', '01', '1 ', '+1', '1e3', '-1', '1.0', 'x', '0x10', '9007199254740993'])
    assert.equal(areaIdOf(name), null, name)
})

test('a base is a host id', () => {
  for (const base of [0, 65_536, 0xffff_fffe]) assert.equal(parseBase(base), base)
  for (const base of [-1, 0.5, 0xffff_ffff, NaN]) assert.throws(() => parseBase(base), refused, String(base))
})

test('a digest and its place in the pool say the same', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (contents) => {
      const digest = hash('sha256', contents)
      const key = poolKey(digest)
      return digestOfKey(key) === digest && /^\/[0-9a-f]{2}\/[0-9a-f]{62}$/.test(key)
    }),
  )
})

test('what is no digest has no place in the pool', () => {
  for (const text of ['', '../../etc/passwd', 'AB'.repeat(32), 'ab'.repeat(31), `${'ab'.repeat(32)}\n`])
    assert.throws(() => poolKey(text), TypeError)
  fc.assert(fc.property(fc.string(), (text) => digestOfKey(text) === null || /^\/[0-9a-f]{2}\/[0-9a-f]{62}$/.test(text)))
  for (const key of ['/ab', `/ab/${'c'.repeat(61)}`, `ab/${'c'.repeat(62)}`, `/ab/${'c'.repeat(62)}/`, `/../${'c'.repeat(62)}`]) {
    assert.equal(digestOfKey(key), null, key)
  }
})
