import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_QUOTA_LIMITS } from '@insula/kernel'
import { fakeQuota } from '@insula/kernel/fakes'
import { VzfsError } from '../errors.ts'
import { heldSettings } from './held-settings.ts'
import { openIdQuota } from './id-quota.ts'
import { IDS } from './ids.ts'
import { withoutIdLimits } from './without-id-limits.ts'

const BASE = 10 * IDS
const limits = (bytesHard: number) => ({ ...NO_QUOTA_LIMITS, bytesHard })

function area(now: () => number = () => 1_000) {
  const quota = fakeQuota({ now })
  const settings = heldSettings()
  const ids = openIdQuota({ settings, quota, base: BASE })
  ids.setAccounted(10)
  // Somebody else's.
  quota.setLimits('user', BASE + IDS + 1000, limits(7))
  return { quota, settings, ids }
}

test('users and groups who have nothing left do not keep files from being moved, and have nothing left afterwards', async () => {
  const { quota, ids } = area()
  for (const kind of ['user', 'group'] as const) {
    ids.limit(kind, 1000, { bytesHard: 100 })
    quota.use(kind, BASE + 1000, 100, 1)
  }
  const body = withoutIdLimits(quota, BASE, ids, async () => {
    for (const kind of ['user', 'group'] as const) quota.use(kind, BASE + 1000, 50, 0)
    assert.deepEqual(quota.account('user', BASE + IDS + 1000).limits, limits(7))
    throw new Error('it was cut off')
  })
  await assert.rejects(body, /it was cut off/)
  for (const kind of ['user', 'group'] as const) {
    assert.deepEqual(quota.account(kind, BASE + 1000).limits, limits(100))
    assert.throws(() => quota.use(kind, BASE + 1000, 1, 0), /EDQUOT/)
  }
})

test('limits that are set or turned off meanwhile are what holds afterwards', async () => {
  const { quota, ids } = area()
  ids.limit('user', 1000, { bytesHard: 100 })
  ids.limit('group', 1000, { bytesHard: 100 })
  await withoutIdLimits(quota, BASE, ids, async () => {
    ids.limit('user', 1000, { bytesHard: 300 })
    ids.enforce('group', false)
  })
  assert.deepEqual(quota.account('user', BASE + 1000).limits, limits(300))
  assert.deepEqual(quota.account('group', BASE + 1000).limits, NO_QUOTA_LIMITS)
})

test('who was over a soft limit is so since he was', async () => {
  let time = 1_000
  const { quota, ids } = area(() => time)
  ids.limit('user', 1000, { bytesSoft: 100 })
  quota.use('user', BASE + 1000, 200, 1)
  const { bytesGraceEnds } = quota.account('user', BASE + 1000)
  time = 90_000
  await withoutIdLimits(quota, BASE, ids, async () => undefined)
  assert.equal(quota.account('user', BASE + 1000).bytesGraceEnds, bytesGraceEnds)
})

test('nothing is lifted when nobody could tell afterwards what it was', async () => {
  const { quota, ids, settings } = area()
  ids.limit('user', 1000, { bytesHard: 100 })
  const damaged = openIdQuota({
    settings: {
      ...settings,
      read() {
        throw new VzfsError('damaged', 'quota.json is damaged')
      },
    },
    quota,
    base: BASE,
  })
  await withoutIdLimits(quota, BASE, damaged, async () =>
    assert.deepEqual(quota.account('user', BASE + 1000).limits, limits(100)),
  )
  assert.deepEqual(quota.account('user', BASE + 1000).limits, limits(100))
})
