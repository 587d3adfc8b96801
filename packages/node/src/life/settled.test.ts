import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Activity } from '@insula/kernel'
import { settled } from './settled.ts'

/** A process that does these things, and then the last of them for ever. @returns how often it was looked at until it had settled */
async function looksAt(...activities: (Activity | null)[]): Promise<number> {
  const longest = activities.length > 1 ? 60_000 : 200
  let looks = 0
  const works = await settled(
    { activityOf: async () => activities[Math.min(looks++, activities.length - 1)] ?? null },
    7,
    longest,
  )
  assert.equal(works, activities.at(-1) !== null)
  return looks
}

const waits = (worked: number): Activity => ({ asleep: false, worked })
const sleeps: Activity = { asleep: true, worked: 0 }

test('an init that waits for a processor is waited for, until it has worked or slept for a while', async () => {
  const busy = Array.from({ length: 10 }, () => waits(0))
  assert.equal(await looksAt(...busy, waits(39), waits(40)), 12)
  assert.equal(await looksAt(...busy, sleeps), 13)
  assert.equal(await looksAt(sleeps, ...busy, sleeps), 13)
})

test('what the runtime has worked in its process does not count', async () => {
  assert.equal(await looksAt(waits(100), waits(139), waits(140)), 3)
  assert.equal(await looksAt(waits(100), waits(101), null), 3)
})

test('one that has ended is not, nor one that never comes to its work', async () => {
  assert.equal(await looksAt(waits(0), waits(1), null), 3)
  assert.ok((await looksAt(waits(0))) <= 51)
})
