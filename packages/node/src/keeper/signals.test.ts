import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signalName, signalNumber } from './signals.ts'

test('signals by name, those of real time from either end', () => {
  assert.deepEqual(
    ['SIGTERM', 'SIGPWR', 'SIGRTMIN', 'SIGRTMIN+3', 'SIGRTMAX', 'SIGRTMAX-2'].map(signalNumber),
    [15, 30, 34, 37, 64, 62],
  )
  for (const none of ['SIGNONE', 'TERM', 'SIGRTMIN-1', 'SIGRTMAX+1', 'SIGRTMIN+31'])
    assert.throws(() => signalNumber(none), { message: `${none} is not a signal` })
})

test('and by number', () => {
  assert.deepEqual([9, 37, null].map(signalName), ['SIGKILL', 'signal 37', null])
})
