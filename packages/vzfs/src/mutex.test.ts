import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Mutex } from './mutex.ts'

test('bodies run one at a time, in the order of asking', async () => {
  const mutex = new Mutex()
  const log: string[] = []
  await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      mutex.run(async () => {
        log.push(`${name} in`)
        await setImmediate()
        log.push(`${name} out`)
      }),
    ),
  )
  assert.deepEqual(log, ['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
})

test('a body that fails fails its own caller only', async () => {
  const mutex = new Mutex()
  const failed = mutex.run(async () => {
    await setImmediate()
    throw new Error('no')
  })
  const next = mutex.run(async () => 'yes')
  await assert.rejects(failed, /no/)
  assert.equal(await next, 'yes')
})
