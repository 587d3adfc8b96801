import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openLooks } from './looks.ts'

function world(steps: number, stepMs: number) {
  let [time, begun, taken] = [0, 0, 0]
  const looks = openLooks(
    function* () {
      begun += 1
      for (let step = 0; step < steps; step++) {
        time += stepMs
        taken += stepMs
        yield
      }
    },
    5_000,
    () => time,
  )
  /** As the loop does: it waits no longer than it may. */
  const pass = (until: number): void => {
    while (time < until) {
      looks.step()
      time += Math.max(1, looks.patience())
    }
  }
  return { looks, pass, begun: () => begun, taken: () => taken }
}

test('a short look happens every five seconds, and not before', () => {
  const { looks, pass, begun } = world(3, 1)
  assert.equal(looks.patience(), 5_000)
  looks.step()
  assert.equal(begun(), 0)
  pass(51_000)
  assert.equal(begun(), 10)
})

test('one that takes long has a tenth of the time', () => {
  const { pass, begun, taken } = world(1_000, 20)
  pass(100_000)
  assert.equal(begun(), 1)
  assert.ok(taken() > 8_000 && taken() < 11_000, `${taken()} ms`)
  pass(500_000)
  assert.ok(begun() >= 2)
})
