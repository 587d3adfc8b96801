import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { CHOICES, chosen, OWN } from '../lab/choice.ts'
import { decoder, encode, type ToHost, toHost } from '../lab/messages.ts'
import { asked } from './asked.ts'
import { filesOf, tierNamed, TIERS } from './tiers.ts'

const HOME = join(import.meta.dirname, '../..')

test('of every system test it is decided whether it runs in the lab too, and of every test of the lab when', () => {
  for (const [name, choices] of [
    ['system', CHOICES],
    ['lab', OWN],
  ] as const) {
    assert.deepEqual(choices.map(({ file }) => file).toSorted(), filesOf(tierNamed(name), HOME))
    assert.ok(chosen(choices, true).length > 0)
    assert.ok(chosen(choices, false).every((file) => chosen(choices, true).includes(file)))
  }
})

test('./test runs some of them there', () => {
  assert.ok(chosen([...CHOICES, ...OWN], false).length > 0)
})

test('files that are named after lab run in a machine, except for those that drive machines', () => {
  const wanted = asked(
    ['lab', 'tests/system/quota.test.ts', 'tests/lab/node.test.ts', 'nosuch'],
    process.cwd(),
    (file) => file !== 'nosuch',
  )
  assert.deepEqual(wanted.inside, ['tests/system/quota.test.ts'])
  assert.deepEqual(
    TIERS.map((tier) => wanted.here(tier)),
    [[], [], [], ['tests/lab/node.test.ts']],
  )
  assert.deepEqual(wanted.unknown, ['nosuch'])
  assert.ok(wanted.byFile && !wanted.check)
})

test('files that are named alone run here, each in its tier', () => {
  const wanted = asked(['tests/system/quota.test.ts', 'tests/lab/node.test.ts'], process.cwd(), () => true)
  assert.deepEqual(wanted.inside, [])
  assert.deepEqual(
    TIERS.map((tier) => wanted.here(tier)),
    [[], [], ['tests/system/quota.test.ts'], ['tests/lab/node.test.ts']],
  )
})

test('lab alone is all of it, nothing at all a part of it, another tier nothing of it', () => {
  const inside = (...words: string[]): readonly string[] => asked(words, HOME, () => false).inside
  assert.deepEqual(inside('lab'), chosen(CHOICES, true))
  assert.deepEqual(inside('system', 'lab'), chosen(CHOICES, true))
  assert.deepEqual(inside(), chosen(CHOICES, false))
  assert.deepEqual(inside('quick'), [])
  assert.deepEqual(asked(['lab'], HOME, () => false).here(tierNamed('lab')), chosen(OWN, true))
  assert.deepEqual(asked(['lab', 'nosuch'], HOME, () => false).inside, [])
})

test('messages arrive whole, however their bytes come; the rest of one that was cut off is left out', () => {
  const sent: ToHost[] = [
    { kind: 'output', id: 1, stream: 'stdout', data: Buffer.from('größer\n').toString('base64') },
    { kind: 'end', id: 1, code: 255 },
  ]
  const received: ToHost[] = []
  const take = decoder((line) => received.push(toHost(line)))
  const bytes = Buffer.from(`data":"half"}\n${sent.map(encode).join('')}`)
  for (const byte of bytes) take(Buffer.from([byte]))
  assert.deepEqual(received, sent)
})
