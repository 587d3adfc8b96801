import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Entry } from './entry.ts'
import { digestOfLines, layerLines } from './layer-digest.ts'

const file = (over: Partial<Entry> = {}): Entry => ({
  path: 'a',
  kind: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 3,
  atime: 1n,
  mtime: 2n,
  inode: 10n,
  links: 1,
  device: 0,
  target: '',
  xattrs: [],
  stub: null,
  ...over,
})
const contents = new Map([
  [10n, 'aa'],
  [11n, 'aa'],
])
const digestOf = (entries: readonly Entry[], known: ReadonlyMap<bigint, string>): string =>
  digestOfLines(layerLines(entries, known))
const digest = (...entries: Entry[]): string => digestOf(entries, contents)

test('every field that a layer keeps is in its digest', () => {
  const plain = digest(file())
  const changed: Partial<Entry>[] = [
    { path: 'b' },
    { kind: 'fifo' },
    { mode: 0o4644 },
    { uid: 1 },
    { gid: 1 },
    { size: 4 },
    { mtime: 3n },
    { device: 1 },
    { target: 'x' },
    { xattrs: [['user.x', '']] },
  ]
  for (const change of changed) assert.notEqual(digest(file(change)), plain, Object.keys(change)[0])
  assert.notEqual(digestOf([file()], new Map([[10n, 'bb']])), plain)
})

test('what the place of a tree decides is not in its digest', () => {
  const plain = digest(file())
  for (const change of [{ atime: 9n }, { inode: 11n }, { stub: 'aa' }])
    assert.equal(digest(file(change)), plain, Object.keys(change)[0])
})

test('two names of one file and two equal files are different layers', () => {
  const linked = digest(file({ links: 2 }), file({ path: 'b', links: 2 }))
  const equal = digest(file(), file({ path: 'b', inode: 11n }))
  assert.notEqual(linked, equal)
})

test('no text in one field looks like another field', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (a, b, c, d) => {
      const same = a === c && b === d
      return (digest(file({ path: a, target: b })) === digest(file({ path: c, target: d }))) === same
    }),
  )
})
