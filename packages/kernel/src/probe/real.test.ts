import assert from 'node:assert/strict'
import { test } from 'node:test'
import { activityIn, beginningOf, swapIn } from './real.ts'

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
