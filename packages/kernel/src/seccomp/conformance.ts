/** What all Listeners do. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Answer, Call, Listeners } from './seccomp.ts'

export interface Outcome {
  /** What the call returned; -1 with an errno. */
  readonly result: number
  readonly errno: number
  /** What its buffers hold now, in order. */
  readonly buffers: readonly Buffer[]
}

/** A process whose calls come to a listener. */
export interface TestCaller {
  readonly pid: number
  /** A descriptor of its listener, for one who adds it. */
  listener(): number
  /** Starts a call; buffers lie in its memory, and their addresses are the arguments. */
  call(number: number, args: readonly (bigint | Buffer)[]): Promise<Outcome>
  kill(): Promise<void>
}

export interface ListenerSubject extends AsyncDisposable {
  /** Who works now. The next one finds its record. */
  open(): Listeners
  caller(): Promise<TestCaller>
}

/** sysinfo(2) and mknod(2), which reach nothing in these tests. */
const [FIRST, SECOND] = [99, 133]
const EPERM = 1
const ROUNDS = 500

export function listenerConformance(name: string, open: () => Promise<ListenerSubject>): void {
  describe(`${name} is a set of Listeners`, () => {
    let subject: ListenerSubject
    let listeners: Listeners
    let caller: TestCaller
    let key = 0
    before(async () => {
      subject = await open()
      listeners = subject.open()
    })
    after(async () => {
      listeners[Symbol.dispose]()
      await subject[Symbol.asyncDispose]()
    })
    const newCaller = async (): Promise<void> => {
      caller = await subject.caller()
      listeners.add((key += 1), caller.listener())
    }
    const next = async (): Promise<Call> => {
      await until(() => listeners.wait(10).some((ready) => ready.key === key && ready.what === 'call'))
      const call = listeners.receive(key)
      assert.ok(call)
      return call
    }
    const ended = (): boolean => listeners.wait(10).some((ready) => ready.key === key && ready.what === 'ended')

    test('a call comes with its number and arguments, and its caller gets the answer', async () => {
      await newCaller()
      for (const [answer, result, errno] of [
        [{ kind: 'value', value: 7 }, 7, 0],
        [{ kind: 'error', errno: EPERM }, -1, EPERM],
      ] as const satisfies readonly (readonly [Answer, number, number])[]) {
        const outcome = caller.call(SECOND, [1n, 0o20666n, 259n])
        const call = await next()
        assert.deepEqual(
          { ...call, id: 0n, tid: 0, args: call.args.slice(0, 3) },
          {
            key,
            id: 0n,
            tid: 0,
            architecture: 'x86-64',
            number: SECOND,
            args: [1n, 0o20666n, 259n],
          },
        )
        assert.equal(call.tid, caller.pid)
        assert.equal(listeners.answer(call, answer), true)
        const told = await outcome
        assert.deepEqual([told.result, told.errno], [result, errno])
      }
    })

    test("a call that goes on is the kernel's", async () => {
      const outcome = caller.call(FIRST, [Buffer.alloc(128)])
      assert.equal(listeners.answer(await next(), { kind: 'continue' }), true)
      assert.equal((await outcome).result, 0)
    })

    test('memory of a caller is read and written, and where there is none, there is none', async () => {
      const outcome = caller.call(FIRST, [Buffer.from('/dev/null\0rest'), Buffer.alloc(8)])
      const call = await next()
      using open = listeners.open(call)
      assert.ok(open)
      const [path = 0n, buffer = 0n] = call.args
      assert.equal(open.text(path, 100)?.toString(), '/dev/null')
      assert.equal(open.text(path, 9), null)
      assert.equal(open.read(path, 4)?.toString(), '/dev')
      assert.equal(open.write(buffer, Buffer.from('01234567')), true)
      for (const nowhere of [0n, 1n, (1n << 47n) - 4096n, 1n << 63n, (1n << 64n) - 1n]) {
        assert.equal(open.read(nowhere, 8), null, `${nowhere}`)
        assert.equal(open.text(nowhere, 8), null, `${nowhere}`)
        assert.equal(open.write(nowhere, Buffer.alloc(8)), false, `${nowhere}`)
      }
      assert.equal(open.isValid(), true)
      listeners.answer(call, { kind: 'value', value: 0 })
      assert.equal(open.isValid(), false)
      assert.equal((await outcome).buffers[1]?.toString(), '01234567')
    })

    test('a listener that is paused is not told until it goes on', async () => {
      listeners.pause(key, true)
      const outcome = caller.call(FIRST, [1n])
      for (let round = 0; round < 5; round++) assert.deepEqual(listeners.wait(10), [])
      listeners.pause(key, false)
      listeners.answer(await next(), { kind: 'value', value: 0 })
      await outcome
    })

    test('what was received and not answered is found by who comes next, and by nobody after it was answered', async () => {
      assert.equal(listeners.unanswered(), null)
      const outcome = caller.call(SECOND, [5n])
      const call = await next()
      const others = subject.open()
      others.add(key, caller.listener())
      assert.deepEqual(others.unanswered(), call)
      assert.equal(others.answer(call, { kind: 'value', value: 3 }), true)
      assert.equal((await outcome).result, 3)
      assert.equal(others.unanswered(), null)
      assert.equal(listeners.answer(call, { kind: 'value', value: 4 }), false)
      others[Symbol.dispose]()
    })

    test('a caller that dies in the middle is noticed, and its listener ends', async () => {
      const outcome = caller.call(FIRST, [1n])
      const call = await next()
      using open = listeners.open(call)
      assert.ok(open)
      listeners.pause(key, true)
      await Promise.all([caller.kill(), outcome.catch(() => undefined)])
      assert.equal(open.isValid(), false)
      assert.equal(listeners.open(call), null)
      assert.equal(listeners.answer(call, { kind: 'value', value: 0 }), false)
      assert.equal(listeners.unanswered(), null)
      await until(ended)
      listeners.remove(key)
      listeners.remove(key)
      assert.deepEqual(listeners.wait(0), [])
    })

    test('a caller that dies before it is received is none', async () => {
      await newCaller()
      const outcome = caller.call(FIRST, [1n])
      await until(() => listeners.wait(10).some((ready) => ready.key === key))
      await Promise.all([caller.kill(), outcome.catch(() => undefined)])
      assert.equal(listeners.receive(key), null)
      listeners.remove(key)
    })
  })
}

async function until(condition: () => boolean): Promise<void> {
  for (let round = 0; !condition(); round++) {
    assert.ok(round < ROUNDS, 'it never came')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
