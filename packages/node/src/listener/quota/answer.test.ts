import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import fc from 'fast-check'
import { type FakeCallerOptions, fakeCallers, type FakeOutcome } from '@insula/kernel/fakes'
import { handle } from '../handle.ts'
import type { ListenedVps } from '../vps.ts'
import { fakeQuotaDoor, type FakeQuotaDoor, NOTHING } from './fake.ts'

const { EPERM, EINVAL, ESRCH, ENOENT, EFAULT, ERANGE, EDQUOT } = constants.errno
const BASE = 300_000
const VPS: ListenedVps = { id: '101', init: 4_000, base: BASE, size: 65_536, cgroup: 'insula/101', quota: null }
const ROOT: FakeCallerOptions = {
  credentials: { effectiveUid: BASE, effectiveGid: BASE, effective: 1n << 21n },
  userNamespaceOf: VPS.init,
  onRoot: [5],
}
const USER: FakeCallerOptions = {
  ...ROOT,
  credentials: { effectiveUid: BASE + 1000, effectiveGid: BASE + 1000, groups: [BASE + 50], effective: 0n },
}
const [QUOTACTL, QUOTACTL_FD] = [179, 443]
const Q = {
  sync: 0x800001,
  on: 0x800002,
  off: 0x800003,
  format: 0x800004,
  getInfo: 0x800005,
  setInfo: 0x800006,
  get: 0x800007,
  set: 0x800008,
  next: 0x800009,
  xOn: 0x5801,
  xOff: 0x5802,
  xGet: 0x5803,
  xSet: 0x5804,
  xStat: 0x5805,
  xSync: 0x5807,
  xStatv: 0x5808,
  xNext: 0x5809,
} as const
const COMMANDS = Object.values(Q)
const [USERS, GROUPS, PROJECTS] = [0, 1, 2]

type Ask = (command: number, kind: number, id: number, argument?: bigint | Buffer) => Promise<FakeOutcome>

function world(options: FakeCallerOptions = ROOT) {
  const callers = fakeCallers()
  const caller = callers.start(options)
  const listeners = callers.open()
  listeners.add(1, caller.listener())
  const logged: string[] = []
  const quota = fakeQuotaDoor()
  const raw = async (number: number, args: readonly (bigint | Buffer)[], door: FakeQuotaDoor | null = quota) => {
    const outcome = caller.call(number, args)
    const call = listeners.receive(1)
    assert.ok(call)
    const systemInfos = () => assert.fail('nobody asked')
    handle({ listeners, vpsOf: () => VPS, systemInfos, quotaOf: () => door, log: (message) => void logged.push(message) }, call)
    return outcome
  }
  const number = (command: number, kind: number): bigint => BigInt(((command << 8) | kind) >>> 0)
  const ask: Ask = (command, kind, id, argument = 0n) =>
    raw(QUOTACTL, [number(command, kind), text('/dev/root'), BigInt(id >>> 0), argument])
  /** The structure that came back. */
  const read = async (command: number, kind: number, id: number, argument: Buffer): Promise<Buffer> => {
    const { result, errno, buffers } = await ask(command, kind, id, argument)
    assert.equal(result, 0, `errno ${errno}`)
    return buffers[1] ?? Buffer.alloc(0)
  }
  return { quota, ask, read, raw, number, logged, kill: () => void caller.kill() }
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`)
const words = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(8 * values.length)
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 8 * index)
  return bytes
}
const ENTRY = {
  space: { soft: 4096n, hard: 8192n, used: 5000n },
  inodes: { soft: 10n, hard: 20n, used: 15n },
  spaceDeadline: 1_800_000_000n,
  inodesDeadline: 5_000_000_000n,
}

test('Q_GETQUOTA and Q_GETNEXTQUOTA: struct if_dqblk and if_nextdqblk', async () => {
  const { quota, read, ask } = world()
  quota.entries.user.set(BASE + 1000, ENTRY)
  const expected = words(8, 4, 5000, 20, 10, 15, 1_800_000_000, 5_000_000_000, 0x3f)
  assert.deepEqual(await read(Q.get, USERS, 1000, Buffer.alloc(72)), expected)
  expected.writeUInt32LE(1000, 68)
  assert.deepEqual(await read(Q.next, USERS, 7, Buffer.alloc(72)), expected)
  assert.equal((await ask(Q.next, USERS, 1001, Buffer.alloc(72))).errno, ENOENT)
  assert.deepEqual(await read(Q.get, GROUPS, 1000, Buffer.alloc(72)), words(0, 0, 0, 0, 0, 0, 0, 0, 0x3f))
})

test('Q_XGETQUOTA and Q_XGETNEXTQUOTA: struct fs_disk_quota', async () => {
  const { quota, read } = world()
  quota.entries.group.set(BASE + 50, ENTRY)
  const expected = words(0, 16, 8, 20, 10, 10, 15, 0, 0, 0, 0, 0, 0, 0)
  expected.writeInt8(1, 0)
  expected.writeInt8(4, 1)
  // FS_DQ_BIGTIME: one of the times needs more than 31 bits.
  expected.writeUInt16LE(0x8000, 2)
  expected.writeUInt32LE(50, 4)
  expected.writeInt32LE(5_000_000_000 % 2 ** 32, 56)
  expected.writeInt32LE(1_800_000_000, 60)
  expected.writeInt8(1, 68)
  for (const [command, id] of [
    [Q.xGet, 50],
    [Q.xNext, 0],
  ] as const) {
    assert.deepEqual(await read(command, GROUPS, id, Buffer.alloc(112)), expected)
  }
})

test('what setquota sets is what it gets, and what is not said stays', async () => {
  const { quota, ask, read } = world()
  // Limits of space, then of inodes: valid is 1 and 4.
  assert.equal((await ask(Q.set, USERS, 1000, words(8, 4, 99, 20, 10, 99, 77, 77, 1))).result, 0)
  assert.deepEqual(quota.entries.user.get(BASE + 1000), { ...NOTHING, space: { hard: 8192n, soft: 4096n, used: 0n } })
  assert.equal((await ask(Q.set, USERS, 1000, words(1, 1, 99, 20, 10, 99, 77, 77, 4 | 32))).result, 0)
  assert.deepEqual(await read(Q.get, USERS, 1000, Buffer.alloc(72)), words(8, 4, 0, 20, 10, 0, 0, 77, 0x3f))
  for (const usage of [2, 8, 0x3f])
    assert.equal((await ask(Q.set, USERS, 1000, words(8, 4, 99, 20, 10, 99, 77, 77, usage))).errno, EINVAL)
})

test('for a caller that dies while its memory is read nothing is done', async () => {
  for (const last of [1, 2]) {
    let reads = 0
    const dying = world({ ...ROOT, onRead: () => void ((reads += 1) === last && dying.kill()) })
    const { answer } = await dying.ask(Q.set, USERS, 1000, words(8, 4, 0, 0, 0, 0, 0, 0, 1))
    assert.deepEqual([answer, reads, dying.quota.entries.user.size], [null, last, 0])
  }
})

test('Q_XSETQLIM: limits, deadlines, and with id 0 the grace times', async () => {
  const { quota, ask } = world()
  const bytes = words(0, 16, 8, 20, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  // The version stays 0, as Debian's setquota has it.
  bytes.writeUInt16LE(0x0a | 0x80, 2)
  bytes.writeUInt32LE(4242, 4)
  bytes.writeInt32LE(600, 56)
  assert.equal((await ask(Q.xSet, USERS, 1000, bytes)).result, 0)
  assert.deepEqual(quota.entries.user.get(BASE + 1000), {
    ...NOTHING,
    space: { hard: 8192n, soft: 0n, used: 0n },
    inodes: { hard: 20n, soft: 0n, used: 0n },
    inodesDeadline: 600n,
  })
  assert.equal(quota.entries.user.size, 1, 'the id in the structure is nobody')
  bytes.writeUInt16LE(0xc0, 2)
  bytes.writeInt32LE(1200, 60)
  assert.equal((await ask(Q.xSet, USERS, 0, bytes)).result, 0)
  assert.deepEqual(quota.graces.user, { space: 1200n, inodes: 600n })
  for (const wrong of [0x1000, 0x2000, 0x4000]) {
    bytes.writeUInt16LE(wrong, 2)
    assert.equal((await ask(Q.xSet, USERS, 1000, bytes)).errno, EINVAL, `${wrong}`)
  }
})

test('formats, grace times and state', async () => {
  const { quota, ask, read } = world()
  assert.deepEqual(await read(Q.format, USERS, 0, Buffer.alloc(4)), Buffer.from([4, 0, 0, 0]))
  assert.equal((await ask(Q.setInfo, USERS, 0, words(60, 120, 2 * 2 ** 32))).result, 0)
  assert.deepEqual(quota.graces.user, { space: 604_800n, inodes: 120n })
  assert.deepEqual(await read(Q.getInfo, USERS, 0, Buffer.alloc(24)), words(604_800, 120, 7 * 2 ** 32))
  assert.equal((await ask(Q.setInfo, USERS, 0, words(2 ** 31, 120, 2 ** 32))).errno, ERANGE)
  assert.equal((await ask(Q.off, GROUPS, 0)).result, 0)
  assert.deepEqual(quota.states, { user: 'enforced', group: 'counted' })
  const stat = Buffer.alloc(80)
  stat.writeInt8(1, 0)
  stat.writeUInt16LE(1 | 2 | 4, 2)
  stat.writeInt32LE(604_800, 60)
  stat.writeInt32LE(120, 64)
  assert.deepEqual(await read(Q.xStat, USERS, 0, Buffer.alloc(80)), stat)
  const statv = Buffer.alloc(160)
  statv.writeInt8(1, 0)
  statv.writeUInt16LE(1 | 2 | 4, 2)
  statv.writeInt32LE(604_800, 80)
  statv.writeInt32LE(120, 84)
  assert.deepEqual(await read(Q.xStatv, USERS, 0, Buffer.concat([Buffer.from([1]), Buffer.alloc(159)])), statv)
  assert.equal((await ask(Q.xStatv, USERS, 0, Buffer.alloc(160))).errno, EINVAL)
  for (const [command, state] of [
    [Q.xOn, 'enforced'],
    [Q.xOff, 'counted'],
  ] as const) {
    assert.equal((await ask(command, USERS, 0, Buffer.from([2 | 8, 0, 0, 0]))).result, 0)
    assert.deepEqual(quota.states, { user: state, group: state })
    assert.equal((await ask(command, USERS, 0, Buffer.from([1, 0, 0, 0]))).errno, EINVAL)
  }
  for (const sync of [Q.sync, Q.xSync]) assert.equal((await ask(sync, USERS, 0)).result, 0)
  assert.equal(quota.syncs, 2)
})

test('where quota is off there is nothing to get', async () => {
  const { quota, ask } = world()
  quota.states.user = 'off'
  for (const command of [Q.format, Q.getInfo, Q.get, Q.xGet, Q.next, Q.xNext, Q.set, Q.xSet])
    assert.equal((await ask(command, USERS, 0, Buffer.alloc(160))).errno, ESRCH, command.toString(16))
})

test('ids of others are none: above the range, and those that come after the last', async () => {
  const { quota, ask } = world()
  quota.entries.user.set(BASE + 65_536, ENTRY)
  quota.entries.user.set(BASE - 1, ENTRY)
  for (const id of [65_536, 65_537, 2 ** 31, 2 ** 32 - 1, 2 ** 32 - BASE])
    for (const command of [Q.get, Q.set, Q.next, Q.xGet, Q.xSet, Q.xNext])
      assert.equal((await ask(command, USERS, id, Buffer.alloc(112))).errno, EINVAL, `${id}`)
  assert.equal((await ask(Q.next, USERS, 0, Buffer.alloc(72))).errno, ENOENT)
  assert.equal(quota.entries.user.size, 2)
})

test('a user reads its own, of its groups too, and nothing else; nobody but root sets', async () => {
  const { ask, quota } = world(USER)
  const outcome = async (command: number, kind: number, id: number): Promise<number> => {
    const argument = Buffer.alloc(160)
    argument.writeInt8(1, 0)
    return (await ask(command, kind, id, argument)).errno
  }
  for (const command of [Q.get, Q.xGet]) {
    for (const [kind, id] of [
      [USERS, 1000],
      [GROUPS, 1000],
      [GROUPS, 50],
    ] as const)
      assert.equal(await outcome(command, kind, id), 0)
    for (const [kind, id] of [
      [USERS, 0],
      [USERS, 50],
      [GROUPS, 0],
      [USERS, 2 ** 32 - 1],
    ] as const)
      assert.equal(await outcome(command, kind, id), EPERM)
  }
  for (const command of [Q.on, Q.off, Q.set, Q.setInfo, Q.xSet, Q.xOn, Q.xOff, Q.next, Q.xNext, 0x1234])
    assert.equal(await outcome(command, USERS, 1000), EPERM, command.toString(16))
  for (const command of [Q.format, Q.sync, Q.getInfo, Q.xStat, Q.xStatv, Q.xSync])
    assert.equal(await outcome(command, USERS, 0), 0)
  assert.equal(quota.entries.user.size, 0)
})

test('what is not about the file system of the VPS goes on to the kernel', async () => {
  const { raw, number } = world()
  const get = number(Q.get, USERS)
  const answers = [
    await raw(QUOTACTL, [get, text('/dev/sda1'), 0n, Buffer.alloc(72)]),
    await raw(QUOTACTL, [get, text('/dev/root/'), 0n, Buffer.alloc(72)]),
    await raw(QUOTACTL, [get, 0n, 0n, Buffer.alloc(72)]),
    await raw(QUOTACTL, [number(Q.sync, USERS), 0n, 0n, 0n]),
    await raw(QUOTACTL_FD, [6n, get, 0n, Buffer.alloc(72)]),
    await raw(QUOTACTL_FD, [BigInt.asUintN(32, -100n), get, 0n, Buffer.alloc(72)]),
    await raw(QUOTACTL, [get, text('/dev/root'), 0n, Buffer.alloc(72)], null),
    await world({ ...ROOT, userNamespaceOf: 4_001 }).raw(QUOTACTL, [get, text('/dev/root'), 0n, Buffer.alloc(72)]),
  ]
  assert.deepEqual(
    answers.map(({ answer }) => answer?.kind),
    Array(8).fill('continue'),
  )
  assert.equal((await raw(QUOTACTL_FD, [5n, get, 0n, Buffer.alloc(72)])).result, 0)
})

test('a kind that a VPS has not, a command that is none, memory that is none, a refusal below', async () => {
  const { ask, quota } = world()
  for (const kind of [PROJECTS, 3, 255]) assert.equal((await ask(Q.get, kind, 0, Buffer.alloc(72))).errno, EINVAL)
  for (const command of [0, 0x800000, 0x80000a, 0x5806, 0xffffff]) assert.equal((await ask(command, USERS, 0)).errno, EINVAL)
  for (const command of [Q.format, Q.getInfo, Q.setInfo, Q.get, Q.set, Q.xOn, Q.xGet, Q.xSet, Q.xStat, Q.xStatv])
    for (const argument of [0n, Buffer.alloc(0)])
      assert.equal((await ask(command, USERS, 0, argument)).errno, EFAULT, command.toString(16))
  assert.equal((await ask(Q.get, USERS, 0, Buffer.alloc(71))).errno, EFAULT)
  quota.refuse = 'EDQUOT'
  assert.equal((await ask(Q.set, USERS, 0, words(8, 4, 0, 0, 0, 0, 0, 0, 1))).errno, EDQUOT)
})

test('numbers that are too large are refused, and nothing is changed', async () => {
  const { ask, quota } = world()
  const most = words(0, 0, 0, 0, 0, 0, 0, 0, 1 | 4)
  for (const [word, value] of [
    [0, 1n << 53n],
    [1, (1n << 64n) - 1n],
    [3, 1n << 63n],
    [4, (1n << 64n) - 1n],
  ] as const) {
    const bytes = Buffer.from(most)
    bytes.writeBigUInt64LE(value, 8 * word)
    assert.equal((await ask(Q.set, USERS, 1, bytes)).errno, ERANGE, `${word}`)
  }
  most.writeBigUInt64LE((1n << 53n) - 1n, 0)
  assert.equal((await ask(Q.set, USERS, 1, most)).result, 0)
  assert.equal(quota.entries.user.get(BASE + 1)?.space.hard, ((1n << 53n) - 1n) << 10n)
})

test('a structure that changes while it is read counts as it was read first', async () => {
  let reads = 0
  const { ask, quota } = world({
    ...ROOT,
    // Another thread turns every limit into nonsense once the first byte was looked at.
    onRead: (memory) => {
      reads += 1
      for (const [address, bytes] of memory) if (address > 4096n) bytes.fill(0xff)
    },
  })
  const { errno } = await ask(Q.set, USERS, 1000, words(8, 4, 0, 0, 0, 0, 0, 0, 1))
  // The device's name was read first, so the structure is nonsense already: refused whole.
  assert.deepEqual([errno, quota.entries.user.size, reads], [EINVAL, 0, 2])
})

test('any command with any bytes gets an answer, and touches no id of others', async () => {
  const u32 = fc.nat({ max: 2 ** 32 - 1 })
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.constantFrom(...COMMANDS), fc.nat({ max: 0xffffff })),
      fc.oneof(fc.constantFrom(USERS, GROUPS), fc.nat({ max: 255 })),
      fc.oneof(fc.nat({ max: 70_000 }), u32),
      fc.uint8Array({ minLength: 0, maxLength: 200 }),
      fc.constantFrom(ROOT, USER),
      async (command, kind, id, bytes, who) => {
        const { ask, quota, logged } = world(who)
        const { answer } = await ask(command, kind, id, Buffer.from(bytes))
        assert.notEqual(answer, null)
        for (const each of [...quota.entries.user.keys(), ...quota.entries.group.keys()]) assert.equal(each, BASE + id)
        if (who === USER) assert.equal(quota.entries.user.size + quota.entries.group.size, 0)
        assert.deepEqual(logged, [])
      },
    ),
    { numRuns: 1_000 },
  )
})
