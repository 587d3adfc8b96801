import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activityIn, beginningOf, hearsIn, swapIn } from './real.ts'

test('the beginning of a process whose name is a trap', () => {
  const stat = `4711 (a) S (1 2) S 1 4711 4711 0 -1 4194560 1 0 0 0 3 1 0 0 20 0 1 0 12345 170000 900 18446744073709551615`
  assert.equal(beginningOf(stat, '1000.50 3000.00\n', 2_000_000), 2_000_000 - 1_000_500 + 123_450)
})

test('swap space, and none', () => {
  assert.equal(swapIn('MemTotal:       65 kB\nSwapCached:     1 kB\nSwapTotal:      2048 kB\n'), 2 ** 21)
  assert.equal(swapIn('MemTotal:       65 kB\n'), 0)
})

test('what a process does, whatever its name', () => {
  const at = (state: string) => activityIn(`4711 (a) Z (1) ${state} 1 4711`, '1500000 900 3\n')
  assert.deepEqual(at('S'), { asleep: true, worked: 1.5 })
  for (const state of ['R', 'D', 't']) assert.deepEqual(at(state), { asleep: false, worked: 1.5 })
  for (const state of ['Z', 'X']) assert.equal(at(state), null)
})

test('signals that are caught or blocked, the last of all among them', () => {
  const status = (state: string, blocked: string, caught: string): string =>
    `Name:\tSigCgt:\nState:\t${state} (sleeping)\nSigPnd:\tffffffffffffffff\nSigBlk:\t${blocked}\nSigIgn:\tffffffffffffffff\nSigCgt:\t${caught}\n`
  const nothing = '0000000000000000'
  const [term, rtmin3] = [15, 37]
  assert.equal(hearsIn(status('S', nothing, nothing), term), false)
  assert.equal(hearsIn(status('S', '0000000000004000', nothing), term), true)
  assert.equal(hearsIn(status('S', nothing, '0000001000000000'), rtmin3), true)
  assert.equal(hearsIn(status('S', nothing, '0000001000000000'), rtmin3 + 1), false)
  assert.equal(hearsIn(status('R', nothing, '8000000000000000'), 64), true)
  assert.equal(hearsIn(status('Z', nothing, '0000000000004000'), term), null)
})
