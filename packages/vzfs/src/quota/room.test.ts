import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_QUOTA_LIMITS } from '@insula/kernel'
import { fakeQuota } from '@insula/kernel/fakes'
import { projectOf } from './account.ts'
import { IDS } from './ids.ts'
import { openRooms } from './room.ts'

const BASE = 10 * IDS
const PROJECT = projectOf(BASE)

test('a full area has room for a mount, and is full again afterwards, whatever came of it', async () => {
  const quota = fakeQuota()
  const limits = { ...NO_QUOTA_LIMITS, bytesHard: 1000, inodesHard: 2 }
  quota.setLimits('project', PROJECT, limits)
  quota.use('project', PROJECT, 1000, 2)
  await openRooms(quota).within(BASE, async () => quota.use('project', PROJECT, 500, 1))
  assert.throws(() => quota.use('project', PROJECT, 1, 0), /EDQUOT/)
  assert.deepEqual(quota.account('project', PROJECT).limits, limits)
  // It is above its limit now, and still has room the next time.
  await assert.rejects(
    openRooms(quota).within(BASE, async () => {
      quota.use('project', PROJECT, 500, 1)
      throw new Error('the mount failed')
    }),
    /the mount failed/,
  )
  assert.deepEqual(quota.account('project', PROJECT).limits, limits)
})

test('a soft limit whose time is over keeps its end', async () => {
  let time = Date.now() / 1000 - 100_000
  const quota = fakeQuota({ now: () => time })
  quota.setGrace('project', { bytes: 60, inodes: 60 })
  quota.setLimits('project', PROJECT, { ...NO_QUOTA_LIMITS, bytesSoft: 100 })
  quota.use('project', PROJECT, 1000, 1)
  const { bytesGraceEnds } = quota.account('project', PROJECT)
  time = Date.now() / 1000
  assert.throws(() => quota.use('project', PROJECT, 1, 0), /EDQUOT/)
  await openRooms(quota).within(BASE, async () => quota.use('project', PROJECT, 1, 0))
  assert.equal(quota.account('project', PROJECT).bytesGraceEnds, bytesGraceEnds)
  assert.throws(() => quota.use('project', PROJECT, 1, 0), /EDQUOT/)
})

test('without quota, and without limits, nothing is set', async () => {
  assert.equal(await openRooms(fakeQuota({ kinds: [] })).within(BASE, async () => 7), 7)
  const quota = fakeQuota()
  await openRooms(quota).within(BASE, async () => undefined)
  assert.deepEqual(quota.account('project', PROJECT).limits, NO_QUOTA_LIMITS)
})

test('limits that are set meanwhile are what it has afterwards', async () => {
  const quota = fakeQuota()
  const rooms = openRooms(quota)
  const limits = (bytesHard: number) => ({ ...NO_QUOTA_LIMITS, bytesHard })
  rooms.limit(BASE, limits(1000))
  quota.use('project', PROJECT, 1000, 1)
  await rooms.within(BASE, async () => {
    // A second one, which ends first.
    await rooms.within(BASE, async () => undefined, { bytes: 10, inodes: 1 })
    quota.use('project', PROJECT, 500, 1)
    rooms.limit(BASE, limits(3000))
    assert.deepEqual(rooms.limits(BASE), limits(3000))
    quota.use('project', PROJECT, 500, 1)
  })
  assert.deepEqual(quota.account('project', PROJECT).limits, limits(3000))
  assert.deepEqual(rooms.limits(BASE), limits(3000))
  assert.equal(openRooms(fakeQuota({ kinds: [] })).limits(BASE), null)
})
