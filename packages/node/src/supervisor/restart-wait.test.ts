import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restartWait } from './restart-wait.ts'

test('one that ends soon waits longer each time; one that was well does not wait', () => {
  const waits: number[] = []
  for (const lived of [0, 0, 50, 0, 0, 0, 0, 9_999, 3_600_000, 0, 0, 10_000]) waits.push(restartWait(lived, waits.at(-1) ?? 0))
  assert.deepEqual(waits, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 0, 100, 200, 0])
})
