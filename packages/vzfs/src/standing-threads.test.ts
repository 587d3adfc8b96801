import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { errnoOf } from './errors.ts'
import { type StandingOptions, standingThreads } from './standing-threads.ts'
import type { StandingJob } from './testing/standing-jobs.ts'

const ENTRY = new URL('./testing/standing-jobs.ts', import.meta.url)

interface Answer {
  readonly thread: number
  readonly common: unknown
}

function open(t: TestContext, options: Partial<StandingOptions> = {}) {
  const threads = standingThreads(ENTRY, { most: 1, idleMs: 60_000, common: 'shared', ...options })
  t.after(() => threads[Symbol.asyncDispose]())
  return (job: StandingJob, signal?: AbortSignal, begun: () => void = () => undefined) => threads.run<Answer>(job, begun, signal)
}

/** Resolves when the job has begun. */
function begun(run: ReturnType<typeof open>, job: StandingJob, signal?: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<void>()
  const result = run(job, signal, resolve)
  result.catch(() => undefined)
  return { begun: promise, result }
}

const gate = (): Int32Array<SharedArrayBuffer> => new Int32Array(new SharedArrayBuffer(4))
const reason = new Error('stopped on purpose')

test('one thread does many jobs, and knows what they have in common', async (t) => {
  const run = open(t)
  const answers = await Promise.all([run({ act: 'answer' }), run({ act: 'answer' }), run({ act: 'answer' })])
  assert.equal(new Set(answers.map(({ thread }) => thread)).size, 1)
  assert.deepEqual(answers[0]?.common, 'shared')
})

test('a thread that has had nothing to do for a while is gone, and the next job gets another', async (t) => {
  const run = open(t, { idleMs: 0 })
  const first = await run({ act: 'answer' })
  // Its end has a place to itself: most is 1.
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.notEqual((await run({ act: 'answer' })).thread, first.thread)
})

for (const [act, what] of [
  ['fail', (error: unknown) => errnoOf(error) === 'ENOSPC'],
  ['end', /ended without a result/],
] as const)
  test(`what happens to a thread with a job that says ${act} happens to that job alone`, async (t) => {
    const run = open(t)
    const held = gate()
    const before = begun(run, { act: 'wait', gate: held })
    const bad = run({ act })
    const after = run({ act: 'answer' })
    const rejected = assert.rejects(bad, what)
    Atomics.store(held, 0, 1)
    const { thread } = await before.result
    await rejected
    assert.notEqual((await after).thread, thread)
  })

test('an abort stops its own job: one at work, one that waits', async (t) => {
  const run = open(t)
  const [stopAtWork, stopWaiting] = [new AbortController(), new AbortController()]
  const atWork = begun(run, { act: 'wait', gate: gate() }, stopAtWork.signal)
  await atWork.begun
  const waiting = run({ act: 'answer' }, stopWaiting.signal)
  const other = run({ act: 'answer' })
  stopWaiting.abort(reason)
  await assert.rejects(waiting, (error) => error === reason)
  stopAtWork.abort(reason)
  await assert.rejects(atWork.result, (error) => error === reason)
  assert.equal((await other).common, 'shared')
})

test('a job that has decided is done to its end, and the next of the same thread can be stopped again', async (t) => {
  const run = open(t)
  const [first, second] = [new AbortController(), new AbortController()]
  const held = gate()
  const deciding = begun(run, { act: 'decide', gate: held }, first.signal)
  await deciding.begun
  first.abort(reason)
  Atomics.store(held, 0, 1)
  assert.equal((await deciding.result).common, 'shared')
  const next = begun(run, { act: 'wait', gate: gate() }, second.signal)
  await next.begun
  second.abort(reason)
  await assert.rejects(next.result, (error) => error === reason)
})
