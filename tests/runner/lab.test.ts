import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { CHOICES, chosen, OWN } from '../lab/choice.ts'
import { decoder, encode, type ToHost, toHost } from '../lab/messages.ts'
import { filesOf, TIERS } from './tiers.ts'

test('of every system test it is decided whether it runs in the lab too, and of every test of the lab when', () => {
  for (const [name, choices] of [
    ['system', CHOICES],
    ['lab', OWN],
  ] as const) {
    const tier = TIERS.find((each) => each.name === name)
    assert.ok(tier)
    assert.deepEqual(choices.map(({ file }) => file).toSorted(), filesOf(tier, join(import.meta.dirname, '../..')))
    assert.ok(chosen(choices, true).length > 0)
    assert.ok(chosen(choices, false).every((file) => chosen(choices, true).includes(file)))
  }
})

test('./test runs some of them there', () => {
  assert.ok(chosen([...CHOICES, ...OWN], false).length > 0)
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
