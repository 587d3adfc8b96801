/** Over a quota in memory, which refuses as the kernel's does. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NO_QUOTA_LIMITS } from '@insula/kernel'
import { fakeQuota } from '@insula/kernel/fakes'
import { VzfsError } from '../errors.ts'
import { type IdQuota, openIdQuota } from './id-quota.ts'
import { IDS } from './ids.ts'
import { heldSettings } from './held-settings.ts'
import type { IdSettings, SettingsFile } from './settings.ts'

const BASE = 10 * IDS
const DAY = 86_400

const settle = (ids: IdQuota): number => Array.from(ids.settle()).length

function world() {
  let time = 1_000_000
  const quota = fakeQuota({ now: () => time })
  const settings = heldSettings()
  const open = () => openIdQuota({ settings, quota, base: BASE })
  const ids = open()
  ids.setAccounted(10)
  return { quota, ids, open, pass: (seconds: number) => void (time += seconds), now: () => time, settings }
}
const hard = (bytesHard: number | null) => ({ bytesHard })

test('a limit lies on the id of the host, and is told by the id inside', () => {
  const { quota, ids } = world()
  ids.limit('user', 1000, hard(4096))
  assert.equal(quota.account('user', BASE + 1000).limits.bytesHard, 4096)
  assert.throws(() => quota.use('user', BASE + 1000, 5000, 1), /EDQUOT/)
  quota.use('user', BASE + 1000, 4000, 1)
  const { id, bytes, limits } = ids.account('user', 1000)
  assert.deepEqual([id, bytes, limits.bytesHard], [1000, 4000, 4096])
  assert.throws(() => ids.limit('user', IDS, hard(1)), RangeError)
})

test('neighbours’ ids are never told', () => {
  const { quota, ids } = world()
  quota.use('user', BASE - 1, 1, 1)
  quota.use('user', BASE + IDS, 1, 1)
  assert.equal(ids.next('user', 0), null)
  quota.use('user', BASE + IDS - 1, 1, 1)
  assert.equal(ids.next('user', 0)?.id, IDS - 1)
})

test('off: nothing is refused, limits are kept and can be changed; on: they hold', () => {
  const { quota, ids } = world()
  ids.limit('user', 5, hard(4096))
  ids.enforce('user', false)
  assert.equal(ids.state('user'), 'counted')
  quota.use('user', BASE + 5, 10_000, 1)
  assert.equal(ids.account('user', 5).limits.bytesHard, 4096)
  ids.limit('user', 7, hard(512))
  assert.deepEqual([ids.next('user', 6)?.id, ids.next('user', 6)?.limits.bytesHard], [7, 512])
  quota.use('user', BASE + 7, 1_000, 1)
  ids.enforce('user', true)
  for (const id of [5, 7]) assert.throws(() => quota.use('user', BASE + id, 1, 0), /EDQUOT/)
  assert.equal(ids.state('group'), 'enforced', 'the other kind is not touched')
})

test('who was ended in the middle is made good by whoever does it again', () => {
  const { quota, ids } = world()
  ids.limit('user', 5, hard(4096))
  for (const again of [() => ids.enforce('user', true), () => ids.setAccounted(10)]) {
    quota.setLimits('user', BASE + 5, { bytesHard: null, bytesSoft: null, inodesHard: null, inodesSoft: null })
    again()
    assert.equal(quota.account('user', BASE + 5).limits.bytesHard, 4096)
  }
})

test('as many have limits as may; none when none may, and what was set comes back', () => {
  const { quota, ids } = world()
  ids.setAccounted(2)
  ids.limit('user', 1, hard(512))
  ids.limit('group', 1, hard(512))
  assert.throws(() => ids.limit('user', 2, hard(512)), { code: 'too_many_limited' })
  assert.equal(quota.account('user', BASE + 2).limits.bytesHard, null)
  ids.limit('user', 1, hard(1024))
  ids.limit('user', 1, hard(null))
  ids.limit('user', 2, hard(512))
  ids.setAccounted(0)
  assert.equal(ids.state('user'), 'off')
  quota.use('user', BASE + 2, 10_000, 1)
  ids.setAccounted(2)
  assert.throws(() => quota.use('user', BASE + 2, 1, 0), /EDQUOT/)
})

test('a soft limit above the hard one changes nothing', () => {
  const { quota, ids } = world()
  ids.limit('user', 1, { bytesSoft: 1024, bytesHard: 2048 })
  assert.throws(() => ids.limit('user', 1, { bytesSoft: 4096 }), { code: 'limit_contradicts' })
  assert.equal(quota.account('user', BASE + 1).limits.bytesSoft, 1024)
})

test('grace times are those of the volume, until the area has its own', () => {
  const { quota, ids, now } = world()
  quota.setGrace('user', { bytes: 7 * DAY, inodes: 7 * DAY })
  assert.deepEqual(ids.grace('user'), { bytes: 7 * DAY, inodes: 7 * DAY })
  ids.limit('user', 1, { bytesSoft: 1024 })
  quota.use('user', BASE + 1, 2048, 1)
  assert.equal(ids.account('user', 1).bytesGraceEnds, now() + 7 * DAY)
  ids.setGrace('user', { bytes: DAY })
  assert.deepEqual(ids.grace('user'), { bytes: DAY, inodes: 7 * DAY })
  assert.deepEqual(ids.grace('group'), { bytes: 7 * DAY, inodes: 7 * DAY })
})

test('a time that begins later ends when the area says, however late it is looked at, and is moved once', () => {
  const { quota, ids, open, pass, now } = world()
  ids.setGrace('user', { bytes: DAY })
  ids.limit('user', 1, { bytesSoft: 1024 })
  quota.use('user', BASE + 1, 2048, 1)
  const ends = now() + DAY
  pass(3_000)
  settle(ids)
  assert.equal(quota.account('user', BASE + 1).bytesGraceEnds, ends)
  pass(50)
  for (const again of [ids, open()]) {
    settle(again)
    assert.equal(again.account('user', 1).bytesGraceEnds, ends, 'another process knows it too')
  }
  pass(DAY)
  assert.throws(() => quota.use('user', BASE + 1, 1, 0), /EDQUOT/)
  // Below, and above again: another time.
  quota.use('user', BASE + 1, -2000, 0)
  quota.use('user', BASE + 1, 2000, 0)
  assert.equal(ids.account('user', 1).bytesGraceEnds, now() + DAY)
})

test('a time that two processes find at once is moved by one of them', () => {
  const { quota, ids, settings, now } = world()
  ids.setGrace('user', { bytes: DAY })
  ids.limit('user', 1, { bytesSoft: 1024 })
  quota.use('user', BASE + 1, 2048, 1)
  let others = 1
  const slow = openIdQuota({
    settings,
    base: BASE,
    // Between its look at the settings and that at the file system the other does all of it.
    quota: {
      ...quota,
      account(kind, id) {
        if (others-- > 0) settle(ids)
        return quota.account(kind, id)
      },
    },
  })
  assert.equal(slow.account('user', 1).bytesGraceEnds, now() + DAY)
  assert.equal(ids.account('user', 1).bytesGraceEnds, now() + DAY)
})

test('the times of many that begin together are written down a few times, in steps', () => {
  const { quota, ids, settings, now } = world()
  const MANY = 1_000
  ids.setAccounted(MANY)
  ids.setGrace('user', { bytes: DAY })
  for (let id = 1; id <= MANY; id++) {
    ids.limit('user', id, { bytesSoft: 1024 })
    quota.use('user', BASE + id, 2048, 1)
  }
  let writes = 0
  const counted: SettingsFile = { ...settings, change: (change, then) => ((writes += 1), settings.change(change, then)) }
  const again = openIdQuota({ settings: counted, quota, base: BASE })
  const steps = settle(again)
  assert.ok(steps >= 40 && writes >= 4 && writes <= 6, `${steps} steps, ${writes} writes`)
  for (const id of [1, 500, MANY]) assert.equal(quota.account('user', BASE + id).bytesGraceEnds, now() + DAY)
  const before = writes
  settle(again)
  assert.equal(writes, before, 'none is moved twice')
})

test('what changes between two steps is seen by the next', () => {
  const { quota, ids, now } = world()
  ids.setAccounted(1_000)
  ids.setGrace('user', { bytes: DAY })
  for (let id = 1; id <= 1_000; id++) ids.limit('user', id, { bytesSoft: 1024 })
  const steps = ids.settle()
  steps.next()
  ids.setGrace('user', { bytes: 2 * DAY })
  quota.use('user', BASE + 1_000, 2048, 1)
  while (!steps.next().done);
  assert.equal(quota.account('user', BASE + 1_000).bytesGraceEnds, now() + 2 * DAY)
})

test('the end of one user’s time can be said', () => {
  const { quota, ids, now } = world()
  ids.setGrace('user', { bytes: DAY })
  ids.limit('user', 1, { bytesSoft: 1024 })
  quota.use('user', BASE + 1, 2048, 1)
  ids.limit('user', 1, {}, { bytes: now() + 77 })
  settle(ids)
  assert.equal(ids.account('user', 1).bytesGraceEnds, now() + 77)
})

test('the file system’s limits are made those that are wanted', () => {
  const { quota, ids } = world()
  ids.limit('user', 1, hard(512))
  quota.setLimits('user', BASE + 1, { bytesHard: 9_000_000, bytesSoft: null, inodesHard: null, inodesSoft: null })
  quota.setLimits('group', BASE + 9, { bytesHard: 9_000_000, bytesSoft: null, inodesHard: null, inodesSoft: null })
  assert.equal(ids.wrong(), 2, 'what nobody wanted is wrong too')
  assert.equal(ids.repair(10), 2)
  assert.equal(quota.account('user', BASE + 1).limits.bytesHard, 512)
  assert.equal(quota.account('group', BASE + 9).limits.bytesHard, null)
  assert.deepEqual([ids.wrong(), ids.repair(10)], [0, 0])
})

test('where nobody knows any more what was wanted, it is what the file system has', () => {
  const { quota, ids } = world()
  ids.limit('user', 1, hard(512))
  ids.limit('group', 2, hard(1024))
  let kept: IdSettings | null = null
  const damaged: SettingsFile = {
    read() {
      if (kept) return kept
      throw new VzfsError('damaged', 'quota.json is damaged')
    },
    change(change, then) {
      kept = change(this.read())
      then?.(kept)
      return kept
    },
    kept: () => null,
    reset: (settings) => void (kept = settings),
  }
  const again = openIdQuota({ settings: damaged, quota, base: BASE })
  assert.equal(again.repair(5), 0)
  assert.deepEqual([again.accounted(), again.account('user', 1).limits.bytesHard], [5, 512])
  assert.equal(again.account('group', 2).limits.bytesHard, 1024)
  assert.equal(again.next('user', 2), null)
})

test('what the file system cannot tell either is what was kept', () => {
  const { quota, ids, settings } = world()
  for (const id of [1, 4]) ids.limit('user', id, hard(512))
  ids.setGrace('user', { bytes: DAY })
  ids.limit('group', 2, hard(1024))
  ids.enforce('group', false)
  const before = settings.read()
  // Since then, and lost:
  ids.limit('user', 3, hard(2048))
  quota.setLimits('user', BASE + 4, NO_QUOTA_LIMITS)
  const damaged: SettingsFile = { ...settings, kept: () => before }
  settings.damage()
  const again = openIdQuota({ settings: damaged, quota, base: BASE })
  again.repair(10)
  assert.equal(again.grace('user').bytes, DAY)
  assert.deepEqual(
    [1, 3, 4].map((id) => quota.account('user', BASE + id).limits.bytesHard),
    [512, 2048, 512],
  )
  assert.equal(again.state('group'), 'counted')
  again.enforce('group', true)
  assert.equal(quota.account('group', BASE + 2).limits.bytesHard, 1024)
})

const step = fc.oneof(
  fc.record({
    do: fc.constant('limit' as const),
    id: fc.nat(4),
    bytesHard: fc.option(fc.integer({ min: 1, max: 9 }), { nil: null }),
  }),
  fc.record({ do: fc.constant('enforce' as const), on: fc.boolean() }),
  fc.record({ do: fc.constant('accounted' as const), count: fc.nat(4) }),
  fc.record({ do: fc.constant('repair' as const) }),
)

test('whatever is done in whatever order: the file system has the wanted limits exactly while they are to hold', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { quota, ids } = world()
      const wanted = new Map<number, number>()
      let [on, count] = [true, 10]
      for (const one of steps) {
        if (one.do === 'enforce') ids.enforce('user', (on = one.on))
        else if (one.do === 'accounted') ids.setAccounted((count = one.count))
        else if (one.do === 'repair') assert.deepEqual([ids.wrong(), ids.repair(count)], [0, 0])
        else if (one.bytesHard !== null && !wanted.has(one.id) && wanted.size >= count)
          assert.throws(() => ids.limit('user', one.id, hard(one.bytesHard)), { code: 'too_many_limited' })
        else {
          ids.limit('user', one.id, hard(one.bytesHard))
          if (one.bytesHard === null) wanted.delete(one.id)
          else wanted.set(one.id, one.bytesHard)
        }
        for (let id = 0; id < 5; id++) {
          const expected = wanted.get(id) ?? null
          assert.equal(ids.account('user', id).limits.bytesHard, expected)
          assert.equal(quota.account('user', BASE + id).limits.bytesHard, on && count > 0 ? expected : null)
        }
        const told: number[] = []
        for (let at = ids.next('user', 0); at; at = ids.next('user', at.id + 1)) told.push(at.id)
        assert.deepEqual(
          told,
          [...wanted.keys()].toSorted((a, b) => a - b),
        )
      }
    }),
  )
})

const MANY = 300
const far = fc.oneof(
  fc.record({ do: fc.constant('enforce' as const), on: fc.boolean() }),
  fc.record({ do: fc.constant('accounted' as const), count: fc.constantFrom(0, MANY) }),
  fc.record({ do: fc.constant('limit' as const), id: fc.nat(MANY - 1), bytesHard: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ do: fc.constant('look' as const), steps: fc.integer({ min: 1, max: 15 }) }),
  fc.record({ do: fc.constant('other process' as const) }),
)

test('limits too many to be changed at once: a call changes some, looks the rest, and all are right in the end whatever came between', () => {
  fc.assert(
    fc.property(fc.array(far, { maxLength: 20 }), (steps) => {
      const { quota, open, settings } = world()
      let changed = 0
      const counted = {
        ...quota,
        setLimits: (...args: Parameters<typeof quota.setLimits>) => ((changed += 1), quota.setLimits(...args)),
      }
      const reopen = () => openIdQuota({ settings, quota: counted, base: BASE })
      let ids = reopen()
      ids.setAccounted(MANY)
      const wanted = Array.from({ length: MANY }, () => 5)
      for (const id of wanted.keys()) ids.limit('user', id, hard(5))
      let [on, count] = [true, MANY]
      let looking = ids.settle()
      for (const one of steps) {
        changed = 0
        if (one.do === 'enforce') ids.enforce('user', (on = one.on))
        else if (one.do === 'accounted') ids.setAccounted((count = one.count))
        else if (one.do === 'limit') {
          ids.limit('user', one.id, hard(one.bytesHard))
          wanted[one.id] = one.bytesHard
        } else if (one.do === 'other process') {
          ids = reopen()
          looking = ids.settle()
        } else for (let step = 0; step < one.steps; step++) if (looking.next().done) looking = ids.settle()
        assert.ok(one.do === 'look' || changed <= 200, `${changed} in one call`)
        assert.equal(ids.wrong(), 0, 'what comes yet is not wrong')
      }
      settle(open())
      for (const [id, bytesHard] of wanted.entries())
        assert.equal(quota.account('user', BASE + id).limits.bytesHard, on && count > 0 ? bytesHard : null, `${id}`)
      const written = settings.read()
      settle(ids)
      assert.equal(settings.read(), written, 'nothing is left to do')
    }),
    { numRuns: 60 },
  )
})

test('who has limits is told whole before the file system knows them all', () => {
  const { ids, quota } = world()
  ids.setAccounted(MANY)
  for (let id = 0; id < MANY; id++) ids.limit('user', id, hard(5))
  ids.enforce('user', false)
  settle(ids)
  ids.enforce('user', true)
  assert.equal(quota.account('user', BASE + MANY - 1).limits.bytesHard, null)
  let told = 0
  for (let at = ids.next('user', 0); at; at = ids.next('user', at.id + 1)) told += 1
  assert.equal(told, MANY)
})

test('a repair leaves nothing to looks', () => {
  const { ids, quota, settings } = world()
  ids.setAccounted(MANY)
  for (let id = 0; id < MANY; id++) ids.limit('user', id, hard(5))
  for (const on of [false, true]) ids.enforce('user', on)
  quota.setLimits('user', BASE + MANY - 1, NO_QUOTA_LIMITS)
  assert.equal(ids.repair(MANY), 1)
  assert.equal(settings.read().user.unapplied, undefined)
})

test('who switches between two steps of a look loses nothing', () => {
  const { ids, quota } = world()
  ids.setAccounted(MANY)
  for (let id = 0; id < MANY; id++) ids.limit('user', id, hard(5))
  const all = (expected: number | null): void => {
    for (let id = 0; id < MANY; id++) assert.equal(quota.account('user', BASE + id).limits.bytesHard, expected, `${id}`)
  }
  const begun = (on: boolean, steps: number) => {
    ids.enforce('user', on)
    const looking = ids.settle()
    for (let step = 0; step < steps; step++) looking.next()
    return looking
  }
  const early = begun(true, 3)
  ids.enforce('user', false)
  for (let step = 0; step < 8; step++) early.next()
  ids.enforce('user', true)
  while (!early.next().done);
  settle(ids)
  all(5)
  const late = begun(true, MANY / 25)
  ids.enforce('user', false)
  while (!late.next().done);
  settle(ids)
  all(null)
})
