import assert from 'node:assert/strict'
import { closeSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { test } from 'node:test'
import { startListened } from '../testing/listened-process.ts'
import { listenerConformance, type TestCaller } from './conformance.ts'
import { realListeners } from './real.ts'
import { newCallRecord } from './record.ts'
import type { Call, Listeners } from './seccomp.ts'

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

async function received(listeners: Listeners): Promise<Call> {
  for (let round = 0; round < 500; round++) {
    await new Promise((resolve) => setImmediate(resolve))
    const call = listeners.wait(10).length > 0 ? listeners.receive(1) : null
    if (call !== null) return call
  }
  return assert.fail('no call came')
}

test('a descriptor on the file system of a process is told from others', async () => {
  const record = newCallRecord()
  const caller = await startListened()
  using listeners = realListeners(record)
  listeners.add(1, caller.listener())
  // open(2) is not listened to.
  const { result: root } = await caller.call(2, [Buffer.from('/\0'), 0n])
  const { result: proc } = await caller.call(2, [Buffer.from('/proc\0'), 0n])
  const outcome = caller.call(99, [1n])
  const call = await received(listeners)
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

const [major = 0, minor = 0] = release().split('.').map(Number)
const doesNotTell = major < 6 || (major === 6 && minor < 11) ? 'PROCMAP_QUERY came with Linux 6.11' : false

test('what the caller may not write itself is not written for it', { skip: doesNotTell }, async () => {
  const record = newCallRecord()
  const caller = await startListened()
  try {
    using listeners = realListeners(record)
    listeners.add(1, caller.listener())
    const [MMAP, MPROTECT, PAGE] = [9, 10, 4096n]
    const [READ, READ_WRITE, PRIVATE_ANONYMOUS] = [1n, 3n, 0x22n]
    const { result } = await caller.call(MMAP, [0n, 3n * PAGE, READ_WRITE, PRIVATE_ANONYMOUS, (1n << 64n) - 1n, 0n])
    const pages = BigInt(result)
    await caller.call(MPROTECT, [pages + PAGE, PAGE, READ])
    const outcome = caller.call(99, [pages])
    const call = await received(listeners)
    using open = listeners.open(call)
    const eight = Buffer.from('01234567')
    const written = [0n, PAGE - 8n, PAGE - 4n, PAGE, 2n * PAGE - 4n, 2n * PAGE, 3n * PAGE - 4n].map((at) =>
      open?.write(pages + at, eight),
    )
    const stack = /^([0-9a-f]+)-.*\[stack\]$/m.exec(readFileSync(`/proc/${caller.pid}/maps`, 'latin1'))?.[1]
    assert.equal(open?.write(BigInt(`0x${stack}`) - 2n * PAGE, eight), true, 'where its stack would grow')
    listeners.answer(call, { kind: 'value', value: 0 })
    await outcome
    assert.deepEqual(written, [true, true, false, false, false, true, false])
  } finally {
    await caller.kill()
    closeSync(record)
  }
})
