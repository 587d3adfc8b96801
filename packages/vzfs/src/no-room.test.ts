import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_QUOTA_LIMITS } from '@insula/kernel'
import { fakeQuota } from '@insula/kernel/fakes'
import { VzfsError } from './errors.ts'
import { accountOf, noRoom } from './no-room.ts'
import { projectOf } from './quota/account.ts'

const MIB = 1024 ** 2
const BASE = 10 * 65_536
const errno = (code: string): Error => Object.assign(new Error(`${code}: no room, mkdir '/somewhere'`), { code })

function told(code: string, limits: Partial<typeof NO_QUOTA_LIMITS> | null, left?: string): string {
  const quota = fakeQuota(limits === null ? { kinds: [] } : {})
  if (limits !== null) {
    quota.setLimits('project', projectOf(BASE), { ...NO_QUOTA_LIMITS, ...limits })
    quota.use('project', projectOf(BASE), 3 * MIB, 7)
  }
  const tried = { doing: 'cannot copy area 10', volume: '/', account: accountOf(quota, BASE) }
  const found = noRoom(errno(code), left === undefined ? tried : { ...tried, left })
  assert.ok(found instanceof VzfsError && found.cause instanceof Error)
  return `${found.code} ${found.message}`
}

test('a limit is named with what was in use of it', () => {
  assert.equal(
    told('ENOSPC', { bytesHard: 8 * MIB, inodesHard: 100 }),
    'over_limit cannot copy area 10: it does not fit into the limit of the area, which pays for its copies too (3.0 MiB of 8.0 MiB and 7 of 100 inodes were in use); nothing of it is left',
  )
  assert.match(told('EDQUOT', { inodesHard: 100 }), /^over_limit .* \(3\.0 MiB and 7 of 100 inodes were in use\)/)
  assert.match(
    told('EDQUOT', {}, 'nothing has changed'),
    /^over_limit .*of a user or group inside of it, is reached .*nothing has changed$/,
  )
})

test('where nothing is limited it is the volume that is full', () => {
  for (const limits of [null, {}])
    assert.equal(told('ENOSPC', limits), 'no_space cannot copy area 10: the volume is full; nothing of it is left')
  assert.match(told('EDQUOT', null), /the volume is full/)
})

test('other errors are what they were', () => {
  const error = errno('EIO')
  assert.equal(noRoom(error, { doing: 'x', volume: '/', account: null }), error)
})
