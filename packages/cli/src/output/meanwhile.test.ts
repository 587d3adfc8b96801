import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as later } from 'node:timers/promises'
import { meanwhile } from './meanwhile.ts'

function on(terminal: boolean): { drawn: string[]; context: Parameters<typeof meanwhile>[0] } {
  const drawn: string[] = []
  return {
    drawn,
    context: { terminal: { stdin: terminal, stdout: terminal, stderr: terminal }, draw: (text) => void drawn.push(text) },
  }
}

test('a terminal is told that an answer takes long, and is left as it was', async () => {
  const { drawn, context } = on(true)
  assert.equal(await meanwhile(context, 'counting files', later(150, 7), 20), 7)
  assert.match(drawn[0] ?? '', /counting files: 0 s$/)
  assert.equal(drawn.at(-1), '\r\u001B[K')
  const count = drawn.length
  await later(50)
  assert.equal(drawn.length, count)
})

test('of a failure, too', async () => {
  const { drawn, context } = on(true)
  const failing = later(100).then(() => assert.fail('no node'))
  await assert.rejects(meanwhile(context, 'counting files', failing, 20), /no node/)
  assert.equal(drawn.at(-1), '\r\u001B[K')
})

test('neither a quick answer nor a pipe shows anything', async () => {
  const quick = on(true)
  await meanwhile(quick.context, 'counting files', later(1))
  const pipe = on(false)
  await meanwhile(pipe.context, 'counting files', later(100), 20)
  assert.deepEqual([quick.drawn, pipe.drawn], [[], []])
})
