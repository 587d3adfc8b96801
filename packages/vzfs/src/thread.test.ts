import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginLoading, endLoading, startUps, stopped } from './start-ups.ts'
import { runInThread } from './thread.ts'

const SLOW = new URL('./testing/slow-thread.ts', import.meta.url)

test('a thread that is to be ended while it loads may load first', async () => {
  const [begun, loaded] = [0, 1]
  const marks = new Int32Array(new SharedArrayBuffer(12))
  const controller = new AbortController()
  const reason = new Error('on purpose')
  const ended = assert.rejects(
    runInThread(SLOW, marks, () => undefined, controller.signal),
    (error) => error === reason,
  )
  await Atomics.waitAsync(marks, begun, 0).value
  assert.equal(Atomics.load(marks, loaded), 0)
  controller.abort(reason)
  await ended
  assert.equal(Atomics.load(marks, loaded), 1)
})

test('of a job that is being stopped no thread is started any more', async () => {
  const counts = startUps()
  assert.equal(beginLoading(counts), true)
  const over = stopped(counts)
  assert.equal(beginLoading(counts), false)
  endLoading(counts)
  await over
})
