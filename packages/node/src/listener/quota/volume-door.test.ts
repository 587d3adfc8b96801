/** The way from quotactl's structures to the volume's quota and back. */

import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { test } from 'node:test'
import { fakeQuota } from '@insula/kernel/fakes'
import { openIdQuota } from '@insula/vzfs'
import { heldSettings } from '@insula/vzfs/fakes'
import { volumeDoor } from './volume-door.ts'

const BASE = 655_360
const ID = BASE + 1_000

function world(accounted = 2) {
  const quota = fakeQuota({ now: () => 1_000 })
  const settings = heldSettings()
  const ids = openIdQuota({ settings, quota, base: BASE })
  ids.setAccounted(accounted)
  const door = volumeDoor(ids, BASE)
  return { quota, ids, door }
}
function open(accounted?: number) {
  const { door, ...rest } = world(accounted)
  assert.ok(door)
  return { ...rest, door }
}
const errno = (name: 'EDQUOT' | 'EINVAL') => (error: unknown) => (error as { errno?: number }).errno === constants.errno[name]

test('there is none for a VPS whose users may have none', () => {
  assert.equal(world(0).door, null)
})

test('limits and use go in and out by host ids; what a change does not name stays', () => {
  const { quota, door } = open()
  door.set('user', ID, { space: { soft: 1024n, hard: 4096n } })
  door.set('user', ID, { inodes: { hard: 9n }, space: { soft: 0n } })
  quota.use('user', ID, 2048, 3)
  assert.deepEqual(door.get('user', ID), {
    space: { soft: 0n, hard: 4096n, used: 2048n },
    inodes: { soft: 0n, hard: 9n, used: 3n },
    spaceDeadline: 0n,
    inodesDeadline: 0n,
  })
  assert.deepEqual([door.next('user', BASE)?.id, door.next('user', ID + 1)], [ID, null])
  assert.equal(quota.account('user', ID).limits.bytesHard, 4096)
})

test('more than a number holds is no limit', () => {
  const { quota, door } = open()
  door.set('user', ID, { space: { hard: 1n << 62n }, inodes: { hard: 5n } })
  assert.deepEqual([quota.account('user', ID).limits.bytesHard, quota.account('user', ID).limits.inodesHard], [null, 5])
})

test('refusals have the errno that the caller gets', () => {
  const { door } = open(1)
  door.set('user', ID, { space: { hard: 4096n } })
  assert.throws(() => door.set('user', ID, { space: { soft: 8192n } }), errno('EINVAL'))
  assert.throws(() => door.set('group', ID, { space: { hard: 1n } }), errno('EDQUOT'))
})

test('on and off, and grace times', () => {
  const { quota, door } = open()
  door.enforce('group', false)
  assert.deepEqual([door.state('user'), door.state('group')], ['enforced', 'counted'])
  door.setGrace('user', { space: 60n })
  assert.deepEqual([door.grace('user').space, door.grace('group').space], [60n, BigInt(quota.grace('group').bytes)])
  door.set('user', ID, { space: { soft: 1024n } })
  quota.use('user', ID, 2048, 1)
  assert.equal(door.get('user', ID)?.spaceDeadline, 1_060n)
  door.set('user', ID, { spaceDeadline: 5_000n })
  assert.equal(door.get('user', ID)?.spaceDeadline, 5_000n)
})
