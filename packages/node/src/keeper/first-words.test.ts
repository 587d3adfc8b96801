import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { firstWords } from './first-words.ts'

function heard() {
  const said: string[] = []
  const state = { begun: false }
  return {
    said,
    state,
    words: firstWords(
      () => state.begun,
      (chunk) => void said.push(chunk.toString()),
    ),
  }
}

test("the runtime's message is dropped, coloured or not, and nothing but it", () => {
  for (const [written, left] of [
    ['no such thing\n', []],
    ['\u001b[1;31mno such thing\u001b[0m\r\n', []],
    ['no such thing indeed\n', ['no such thing indeed\n']],
    ['before\nno such thing\n', ['before\nno such thing\n']],
  ] as const) {
    const { said, words } = heard()
    words.take(Buffer.from(written))
    assert.deepEqual(said, [])
    words.releaseUnless('no such thing')
    assert.deepEqual(said, left)
  }
})

test('a command that runs is heard at once, and in order', async () => {
  const { said, state, words } = heard()
  words.take(Buffer.from('a'))
  state.begun = true
  words.take(Buffer.from('b'))
  words.take(Buffer.from('c'))
  words.releaseUnless('c')
  assert.deepEqual(said, ['a', 'b', 'c'])
})

test('what waits is let go as soon as the command was seen, without more output', async () => {
  const { said, state, words } = heard()
  words.take(Buffer.from('alone'))
  state.begun = true
  for (let tries = 0; tries < 500 && said.length === 0; tries += 1) await sleep(5)
  assert.deepEqual(said, ['alone'])
})

test('no more is kept than a message has', () => {
  const { said, words } = heard()
  for (let count = 0; count < 5; count += 1) words.take(Buffer.alloc(64 * 1024))
  assert.equal(said.length, 5)
})

test("what is known to be the runtime's is dropped, unless the command was seen running", () => {
  const { said, words } = heard()
  words.take(Buffer.from('of the runtime'))
  words.drop()
  assert.deepEqual(said, [])
  const { said: more, state, words: seen } = heard()
  state.begun = true
  seen.take(Buffer.from('of the command'))
  seen.drop()
  assert.deepEqual(more, ['of the command'])
})
