import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginLoading, endLoading, loaded, startUps, stop } from './start-ups.ts'
import { runInThread } from './thread.ts'

const DECIDING = new URL('./testing/deciding-thread.ts', import.meta.url)
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
  assert.equal(stop(counts), true)
  const over = loaded(counts)
  assert.equal(beginLoading(counts), false)
  endLoading(counts)
  await over
})

/** Aborts once the thread is at its work, and lets that go on. */
function abortedOnceAt(early: boolean, reason: Error): Promise<string> {
  const marks = new Int32Array(new SharedArrayBuffer(4))
  const controller = new AbortController()
  const abort = (): void => {
    controller.abort(reason)
    Atomics.store(marks, 0, 1)
    Atomics.notify(marks, 0)
  }
  return runInThread<string>(DECIDING, { early, marks }, abort, controller.signal)
}

test('a job that has decided is done to its end, and one that has not does not decide any more', async () => {
  const reason = new Error('on purpose')
  assert.equal(await abortedOnceAt(true, reason), 'done')
  await assert.rejects(abortedOnceAt(false, reason), (error) => error === reason)
})
