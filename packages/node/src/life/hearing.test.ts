import assert from 'node:assert/strict'
import { test } from 'node:test'
import { becomesAware } from './hearing.ts'

/** @returns how often it was looked at, and what came of it */
async function looksAt(
  answers: readonly (boolean | null)[],
  ended: Promise<unknown>,
  longest: number,
): Promise<[number, boolean]> {
  let looks = 0
  const hears = async (pid: number, signal: number): Promise<boolean | null> => {
    assert.deepEqual([pid, signal], [7, 37])
    return answers[Math.min(looks++, answers.length - 1)] ?? null
  }
  const aware = await becomesAware({ hears }, 7, 'SIGRTMIN+3', ended, longest)
  return [looks, aware]
}

const never = new Promise<void>(() => undefined)

test('an init is waited for until it hears', async () => {
  assert.deepEqual(await looksAt([true], never, 60_000), [1, true])
  assert.deepEqual(await looksAt([false, null, true, false], never, 60_000), [3, true])
})

test('one that never hears is waited for until it ends, however it ends, or for as long as is asked', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  setTimeout(resolve, 120)
  const [looks, aware] = await looksAt([false], promise, 60_000)
  assert.ok(looks >= 1 && looks <= 4 && !aware, `${looks}`)
  assert.deepEqual(await looksAt([false], Promise.reject(new Error('the keeper is gone')), 60_000), [1, false])
  assert.ok((await looksAt([false], never, 100))[0] <= 3)
  assert.deepEqual(await looksAt([true], never, 0), [0, false])
})
