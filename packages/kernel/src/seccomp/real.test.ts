import assert from 'node:assert/strict'
import { closeSync } from 'node:fs'
import { test } from 'node:test'
import { startListened } from '../testing/listened-process.ts'
import { listenerConformance, type TestCaller } from './conformance.ts'
import { realListeners } from './real.ts'
import { newCallRecord } from './record.ts'

listenerConformance('the real driver', async () => {
  const record = newCallRecord()
  const callers: TestCaller[] = []
  return {
    open: () => realListeners(record),
    async caller() {
      const caller = await startListened()
      callers.push(caller)
      return caller
    },
    async [Symbol.asyncDispose]() {
      closeSync(record)
      await Promise.all(callers.map((caller) => caller.kill()))
    },
  }
})

test('a descriptor on the file system of a process is told from others', async () => {
  const record = newCallRecord()
  const caller = await startListened()
  using listeners = realListeners(record)
  listeners.add(1, caller.listener())
  // open(2) is not listened to.
  const { result: root } = await caller.call(2, [Buffer.from('/\0'), 0n])
  const { result: proc } = await caller.call(2, [Buffer.from('/proc\0'), 0n])
  const outcome = caller.call(99, [1n])
  let call = null
  for (let round = 0; call === null && round < 500; round++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (listeners.wait(10).length > 0) call = listeners.receive(1)
  }
  assert.ok(call)
  using open = listeners.open(call)
  assert.deepEqual(
    [root, proc, 0, 99, -100].map((fd) => open?.isOnRootOf(fd, process.pid)),
    [true, false, false, false, false],
  )
  assert.deepEqual([open?.sharesUserNamespace(process.pid), open?.credentials().effectiveUid], [true, process.getuid?.()])
  listeners.answer(call, { kind: 'value', value: 0 })
  await outcome
  await caller.kill()
  closeSync(record)
})
