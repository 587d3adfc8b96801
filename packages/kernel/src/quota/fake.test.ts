import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noQuotaConformance, quotaConformance } from './conformance.ts'
import { fakeQuota } from './fake.ts'
import { NO_QUOTA_LIMITS } from './quota.ts'

const DIRECTORY = 3
const INSIDE = 4

quotaConformance('the fake', async () => {
  const quota = fakeQuota()
  const written = new Map<string, number[]>()
  return {
    quota,
    async write(kind, id, bytes) {
      quota.use(kind, id, bytes, 1)
      written.set(`${kind} ${id}`, [...(written.get(`${kind} ${id}`) ?? []), bytes])
    },
    remove: async (kind, id) => quota.use(kind, id, -(written.get(`${kind} ${id}`)?.pop() ?? 0), -1),
    own: () => 0,
    directory: DIRECTORY,
    makeInside() {
      quota.made(DIRECTORY, INSIDE)
      return INSIDE
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
})

noQuotaConformance('the fake of a volume without quota', () => fakeQuota({ kinds: [] }))

test('when the grace time is over the soft limit is a hard one', () => {
  let now = 1_000
  const quota = fakeQuota({ now: () => now })
  quota.setGrace('project', { bytes: 60, inodes: 60 })
  quota.setLimits('project', 1, { ...NO_QUOTA_LIMITS, bytesSoft: 100 })
  quota.use('project', 1, 150, 1)
  quota.use('project', 1, 10, 0)
  now += 61
  assert.throws(() => quota.use('project', 1, 10, 0), /EDQUOT/)
  quota.use('project', 1, -100, 0)
  quota.use('project', 1, 10, 0)
})
