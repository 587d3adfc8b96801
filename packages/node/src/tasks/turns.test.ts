import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { openTurns, semaphore } from './turns.ts'

describe('turns', () => {
  it('are one at a time for each VPS, in order, whatever fails; and different VPSs do not wait for each other', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ vps: fc.integer({ min: 1, max: 3 }), fails: fc.boolean() }), { maxLength: 20 }),
        async (all) => {
          const turns = openTurns()
          const working = new Set<number>()
          const order: number[] = []
          const results = await Promise.allSettled(
            all.map(({ vps, fails }, index) =>
              turns.take(vps, async () => {
                assert.ok(!working.has(vps), `two at once on ${vps}`)
                working.add(vps)
                await sleep(0)
                working.delete(vps)
                order.push(index)
                if (fails) throw new Error('it failed')
                return index
              }),
            ),
          )
          assert.deepEqual(
            results.map(({ status }) => status === 'rejected'),
            all.map(({ fails }) => fails),
          )
          for (const vps of [1, 2, 3]) {
            const mine = order.filter((index) => all[index]?.vps === vps)
            assert.deepEqual(
              mine,
              mine.toSorted((a, b) => a - b),
            )
            assert.equal(turns.taken(vps), false)
          }
        },
      ),
      { numRuns: 30 },
    )
  })

  it('of those without a VPS are not waited for', async () => {
    const turns = openTurns()
    const endless = turns.take(1, () => new Promise(() => undefined))
    assert.equal(await turns.take(null, async () => 7), 7)
    assert.ok(turns.taken(1))
    assert.ok(endless instanceof Promise)
  })
})

describe('places', () => {
  it('are never more than there are, and all are used', async () => {
    const enter = semaphore(3)
    let [now, most] = [0, 0]
    await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        enter(async () => {
          most = Math.max(most, (now += 1))
          await sleep(1)
          now -= 1
          if (index % 4 === 0) throw new Error('it failed')
        }),
      ),
    )
    assert.deepEqual([now, most], [0, 3])
  })
})
