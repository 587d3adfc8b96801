import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { PoolGate } from './pool-gate.ts'

test('shared bodies run together, an exclusive one alone, and whoever asks after it waits for it', async () => {
  const gate = new PoolGate()
  const log: string[] = []
  const body = (name: string) => async () => {
    log.push(`${name} in`)
    await setImmediate()
    log.push(`${name} out`)
  }
  await Promise.all([gate.shared(body('a')), gate.shared(body('b')), gate.exclusive(body('c')), gate.shared(body('d'))])
  assert.deepEqual(log, ['a in', 'b in', 'a out', 'b out', 'c in', 'c out', 'd in', 'd out'])
})

test('a body that fails lets the next ones in, and fails its own caller only', async () => {
  const gate = new PoolGate()
  const failed = [gate.exclusive(async () => assert.fail('one')), gate.shared(async () => assert.fail('two'))]
  const next = gate.exclusive(async () => 'yes')
  for (const one of failed) await assert.rejects(one, /one|two/)
  assert.equal(await next, 'yes')
})

test('whatever is asked for in whatever order: nobody is with an exclusive body, and all come to their end in order', async () => {
  const step = fc.record({
    exclusive: fc.boolean(),
    turns: fc.integer({ min: 0, max: 3 }),
    fails: fc.boolean(),
    pause: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const gate = new PoolGate()
      const inside = new Set<number>()
      const entered: number[] = []
      const running: Promise<unknown>[] = []
      for (const [index, { exclusive, turns, fails, pause }] of steps.entries()) {
        const body = async (): Promise<void> => {
          inside.add(index)
          entered.push(index)
          for (let turn = 0; turn <= turns; turn++) {
            if ([...inside].some((one) => steps[one]?.exclusive)) assert.deepEqual([...inside], [index])
            if (turn < turns) await setImmediate()
          }
          inside.delete(index)
          if (fails) throw new RangeError('on purpose')
        }
        const ended = exclusive ? gate.exclusive(body) : gate.shared(body)
        ended.catch(() => {})
        running.push(ended)
        if (pause) await setImmediate()
      }
      for (const [index, ended] of (await Promise.allSettled(running)).entries()) {
        assert.equal(ended.status, steps[index]?.fails ? 'rejected' : 'fulfilled', `${index}`)
        if (ended.status === 'rejected') assert.ok(ended.reason instanceof RangeError, String(ended.reason))
      }
      assert.deepEqual(
        entered,
        steps.map((_, index) => index),
      )
    }),
    { numRuns: 200 },
  )
})
