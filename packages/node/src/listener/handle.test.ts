import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import fc from 'fast-check'
import { AT_FDCWD } from '@insula/kernel'
import { type FakeCallerOptions, fakeCallers } from '@insula/kernel/fakes'
import { handle } from './handle.ts'
import type { ListenedVps } from './vps.ts'

const { EFAULT, ENOSYS, EEXIST } = constants.errno
const VPS: ListenedVps = { id: '101', init: 4_000, base: 300_000, size: 65_536, cgroup: 'insula/101', quota: null }
const INFO = { uptime: 5, loads: [0, 0, 0], memory: 2 ** 30, free: 1, shared: 2, swap: 3, swapFree: 4, tasks: 6 } as const
const ROOT: FakeCallerOptions = {
  credentials: { effectiveUid: 300_000, fileUid: 300_000, fileGid: 300_000, effective: 1n << 27n },
  userNamespaceOf: VPS.init,
}
const [SYSINFO, MKNOD, MKNODAT] = [99, 133, 259]
const CHARACTER = 0o020000n

function world(options: FakeCallerOptions = ROOT) {
  const callers = fakeCallers()
  const caller = callers.start(options)
  const listeners = callers.open()
  listeners.add(1, caller.listener())
  const logged: string[] = []
  const means = {
    listeners,
    vpsOf: () => VPS,
    systemInfos: () => INFO,
    quotaOf: () => null,
    log: (message: string) => void logged.push(message),
  }
  return {
    caller,
    logged,
    callers,
    means,
    listeners,
    async call(number: number, args: readonly (bigint | Buffer)[], again = false) {
      const outcome = caller.call(number, args)
      const call = listeners.receive(1)
      assert.ok(call)
      handle(means, call, again)
      return outcome
    },
  }
}

const path = (text: string): Buffer => Buffer.from(`${text}\0`)
const device = (major: number, minor: number): bigint => BigInt((major << 8) | minor)

test('sysinfo is written into the memory of the caller', async () => {
  const { call, logged } = world()
  const { result, buffers } = await call(SYSINFO, [Buffer.alloc(112)])
  assert.equal(result, 0)
  assert.equal(buffers[0]?.readBigUInt64LE(32), 2n ** 30n)
  assert.deepEqual([(await call(SYSINFO, [0n])).errno, (await call(SYSINFO, [Buffer.alloc(111)])).errno], [EFAULT, EFAULT])
  assert.deepEqual(logged, [])
})

test('programs of 32 bits get their own structure, and their own numbers; x32 gets ENOSYS', async () => {
  const { call } = world({ ...ROOT, architecture: 'i386' })
  const { result, buffers } = await call(116, [Buffer.alloc(64)])
  assert.deepEqual([result, buffers[0]?.readUInt32LE(16)], [0, 2 ** 30])
  for (const number of [131, 443]) assert.equal((await call(number, [0n])).errno, ENOSYS)
  const x32 = world({ ...ROOT, architecture: 'x32' })
  for (const number of [SYSINFO, MKNOD, 179]) assert.equal((await x32.call(number, [0n])).errno, ENOSYS)
})

test('root makes harmless devices; a console is the terminal of who opens it', async () => {
  const { call, caller } = world()
  const made: string[] = []
  for (const [major, minor] of [
    [1, 3],
    [1, 5],
    [1, 7],
    [1, 8],
    [1, 9],
    [5, 0],
    [5, 1],
  ] as const) {
    const { result } = await call(MKNOD, [path(`/dev/${major}.${minor}`), CHARACTER | 0o666n, device(major, minor)])
    assert.equal(result, 0)
    const last = caller.devices.at(-1)
    made.push(`${String(last?.path)} ${last?.device.major}:${last?.device.minor} ${last?.mode.toString(8)} ${last?.directory}`)
  }
  assert.deepEqual(made, [
    `/dev/1.3 1:3 666 ${AT_FDCWD}`,
    `/dev/1.5 1:5 666 ${AT_FDCWD}`,
    `/dev/1.7 1:7 666 ${AT_FDCWD}`,
    `/dev/1.8 1:8 666 ${AT_FDCWD}`,
    `/dev/1.9 1:9 666 ${AT_FDCWD}`,
    `/dev/5.0 5:0 666 ${AT_FDCWD}`,
    `/dev/5.1 5:0 666 ${AT_FDCWD}`,
  ])
  assert.equal((await call(MKNODAT, [BigInt.asUintN(32, 7n), path('null'), CHARACTER, device(1, 3)])).result, 0)
  assert.equal(caller.devices.at(-1)?.directory, 7)
})

test('other devices, other kinds, other users and other user namespaces are left to the kernel', async () => {
  const node = [path('x'), CHARACTER, device(1, 3)] as const
  const left = async (options: FakeCallerOptions, args: readonly (bigint | Buffer)[]): Promise<void> => {
    const { call, caller } = world(options)
    assert.deepEqual((await call(MKNOD, args)).answer, { kind: 'continue' })
    assert.deepEqual(caller.devices, [])
  }
  for (const other of [
    device(1, 1),
    device(1, 4),
    device(8, 0),
    device(4, 1),
    device(10, 229),
    device(0, 0),
    1n << 20n,
    0x103n | (1n << 20n),
  ])
    await left(ROOT, [path('x'), CHARACTER, other])
  for (const mode of [0o060000n, 0o100000n, 0o010000n, 0n]) await left(ROOT, [path('x'), mode, device(1, 3)])
  await left({ ...ROOT, credentials: { ...ROOT.credentials, effective: ~(1n << 27n) } }, node)
  for (const effectiveUid of [0, 299_999, 300_001])
    await left({ ...ROOT, credentials: { ...ROOT.credentials, effectiveUid } }, node)
  await left({ ...ROOT, userNamespaceOf: VPS.init + 1 }, node)
  await left(ROOT, [0n, CHARACTER, device(1, 3)])
  await left(ROOT, [path(''), CHARACTER, device(1, 3)])
})

test("what is there already is the kernel's to refuse, unless we made it ourselves and died", async () => {
  const { call, caller } = world()
  const args = [path('null'), CHARACTER, device(1, 3)] as const
  await call(MKNOD, args)
  assert.deepEqual((await call(MKNOD, args)).answer, { kind: 'continue' })
  assert.deepEqual((await call(MKNOD, args, true)).answer, { kind: 'value', value: 0 })
  assert.equal(caller.devices.length, 1)
  assert.notEqual(EEXIST, 0)
})

test('a node for a caller that died meanwhile is taken back', async () => {
  const { caller, listeners, means } = world()
  const outcome = caller.call(MKNOD, [path('null'), CHARACTER, device(1, 3)])
  const call = listeners.receive(1)
  assert.ok(call)
  const answer: typeof listeners.answer = (...args) => {
    void caller.kill()
    return listeners.answer(...args)
  }
  handle({ ...means, listeners: { ...listeners, answer } }, call)
  assert.equal((await outcome).answer, null)
  assert.deepEqual(caller.devices, [])
})

test('what goes wrong here goes on to the kernel and is said; nobody waits', async () => {
  const { call, means, logged } = world()
  means.systemInfos = () => {
    throw new Error('no such file')
  }
  assert.deepEqual((await call(SYSINFO, [Buffer.alloc(112)])).answer, { kind: 'continue' })
  assert.match(logged.join('\n'), /^call 99 of thread \d+ goes on to the kernel: no such file$/)
})

test('any arguments get an answer, and only harmless devices are made', async () => {
  const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const arg = fc.oneof(
    word,
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(CHARACTER, device(1, 3), device(5, 1)),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(SYSINFO, MKNOD, MKNODAT, 179, 443, 1),
      fc.array(arg, { maxLength: 6 }),
      async (number, args) => {
        const { call, caller, logged } = world()
        assert.notEqual((await call(number, args)).answer, null)
        for (const { device } of caller.devices) assert.match(`${device.major}:${device.minor}`, /^(1:[35789]|5:0)$/)
        assert.deepEqual(logged, [])
      },
    ),
  )
})
