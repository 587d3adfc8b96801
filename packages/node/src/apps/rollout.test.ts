import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { rollOut } from './rollout.ts'

const targets = (count: number) => Array.from({ length: count }, (_, at) => ({ vps: at + 1, name: `v${at + 1}` }))
const never = new AbortController().signal
const done = { outcome: 'done', message: null } as const

test('never more at once than allowed, and results in order', async () => {
  let [now, most] = [0, 0]
  const results = await rollOut(
    targets(9),
    { parallel: 3, stopAfter: undefined, canary: undefined },
    async () => {
      most = Math.max(most, (now += 1))
      await sleep(1)
      now -= 1
      return done
    },
    never,
  )
  assert.equal(most, 3)
  assert.deepEqual(
    results.map(({ vps }) => vps),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  )
})

test('canaries go first, and one that fails stops the others', async () => {
  const tried: number[] = []
  const plan = { parallel: 8, stopAfter: undefined, canary: 2 }
  const body = async ({ vps }: { vps: number }) => {
    tried.push(vps)
    if (vps === 2) throw new Error('no')
    return done
  }
  const results = await rollOut(targets(5), plan, body, never)
  assert.deepEqual(tried, [1, 2])
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ['done', 'failed', 'untried', 'untried', 'untried'],
  )
  assert.equal(results[1]?.message, 'no')
})

test('after so many failures the others are not tried', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 30 }), fc.integer({ min: 1, max: 5 }), async (fails, stopAfter) => {
      const body = async ({ vps }: { vps: number }) => {
        if (fails[vps - 1] === true) throw new Error('no')
        return done
      }
      const results = await rollOut(targets(fails.length), { parallel: 1, stopAfter, canary: undefined }, body, never)
      const failed = results.filter(({ outcome }) => outcome === 'failed').length
      assert.equal(failed, Math.min(stopAfter, fails.filter(Boolean).length))
      if (failed < stopAfter) assert.ok(results.every(({ outcome }) => outcome !== 'untried'))
    }),
  )
})
