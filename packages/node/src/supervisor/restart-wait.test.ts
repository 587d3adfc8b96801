import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restartWait } from './restart-wait.ts'

function waits(lives: readonly number[]): number[] {
  let before = 0
  return lives.map((lived) => {
    const { apart, wait } = restartWait(lived, before)
    before = apart
    return wait
  })
}

test('one that ends at once waits longer each time; one that was well does not wait', () => {
  const lives = [0, 0, 0, 0, 0, 0, 0, 0, 3_600_000, 0, 0, 10_000, 0]
  assert.deepEqual(waits(lives), [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 0, 100, 200, 0, 100])
})

test('what it lived counts: one that ends again and again is started once in five seconds', () => {
  assert.deepEqual(waits([50, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 9_999, 0]), [50, 0, 0, 0, 0, 1_200, 3_000, 0, 5_000])
})
