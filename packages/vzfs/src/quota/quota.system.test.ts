/** Accounts of areas on an XFS of its own. What needs a kernel with quota is tested where there is one: the lab. */

import assert from 'node:assert/strict'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  NO_QUOTA_LIMITS,
  realFileCalls,
  realPrivateMounts,
  realProcessRunner,
  realQuota,
  realUserNamespaces,
  realVolumes,
} from '@insula/kernel'
import { openVzfs } from '../open.ts'
import { projectOf } from './account.ts'

const MIB = 1024 ** 2
const BASE = 800 * 65_536
const scratch = mkdtempSync('/var/tmp/insula-vzfs-quota-')
const path = join(scratch, 'volume')
const volumes = realVolumes({ runner: realProcessRunner(), mounts: realPrivateMounts(), userNamespaces: realUserNamespaces() })
await volumes.ensureLoopVolume(join(scratch, 'image'), path, 512 * MIB)
const { projectQuota } = await volumes.probe(path)
const quota = realQuota(path)
const vzfs = await openVzfs(path, {
  files: realFileCalls(),
  quota: realQuota,
  warn: (message) => assert.fail(message),
  threads: 1,
})
await vzfs.layers.build('os@1', await vzfs.scratch())
after(async () => {
  await vzfs.close()
  quota[Symbol.dispose]()
  await volumes.detach(path)
  rmSync(scratch, { recursive: true })
})

const projectAt = (file: string): number | undefined => {
  const fd = openSync(file, 'r')
  try {
    return quota.project(fd)?.id
  } finally {
    closeSync(fd)
  }
}
const setProject = (file: string, id: number): void => {
  const fd = openSync(file, 'r')
  quota.setProject(fd, id)
  closeSync(fd)
}

test('what is made in an area is counted for it, and what lost its account gets it back', async () => {
  await vzfs.areas.create(101, BASE, ['os@1'], {})
  const { upper } = await vzfs.areas.plan(101)
  mkdirSync(join(upper, 'a/b'), { recursive: true })
  for (const file of ['a/one', 'a/b/two']) writeFileSync(join(upper, file), 'x')
  symlinkSync('/nowhere', join(upper, 'link'))
  assert.equal(await vzfs.areas.counted(101), true)
  for (const file of ['', 'a', 'a/b', 'a/one', 'a/b/two']) assert.equal(projectAt(join(upper, file)), projectOf(BASE), file)
  for (const file of ['', 'a/b', 'a/one']) setProject(join(upper, file), 0)
  assert.equal(await vzfs.areas.counted(101), false)
  assert.equal(await vzfs.areas.recount(101), 3)
  assert.equal(await vzfs.areas.recount(101), 0)
  assert.equal(await vzfs.areas.counted(101), true)
  for (const file of ['', 'a/b', 'a/one']) assert.equal(projectAt(join(upper, file)), projectOf(BASE), file)
})

test('a check finds a single file that is counted for somebody else, and a repair gives it back', async () => {
  const { upper } = await vzfs.areas.plan(101)
  for (const [file, problem] of [
    ['a/b/two', /^not all of its files are counted for its disk limit: upper\/a\/b\/two is not$/],
    ['a/b', /: upper\/a\/b is not$/],
    ['', /: upper is not$/],
  ] as const) {
    assert.deepEqual(await vzfs.check(), [])
    setProject(join(upper, file), 7)
    const [damage, ...others] = await vzfs.check()
    assert.deepEqual([damage?.kind, damage?.area, damage?.repairable, others], ['account', 101, true, []])
    assert.match(damage?.problem ?? '', problem)
    const { damages, repaired } = await vzfs.repair()
    assert.deepEqual([damages, repaired.map(({ kind }) => kind)], [[], ['account']])
    assert.equal(projectAt(join(upper, file)), projectOf(BASE))
  }
})

if (projectQuota) {
  describe('on a kernel with quota', () => {
    test('limits hold, use is told from the account, and all of it goes with the area', async () => {
      await vzfs.areas.create(102, BASE + 65_536, ['os@1'], {})
      const { upper } = await vzfs.areas.plan(102)
      const empty = await vzfs.areas.usage(102)
      await vzfs.areas.limit(102, { ...NO_QUOTA_LIMITS, bytesHard: 4 * MIB, inodesHard: empty.inodes + 2 })
      writeFileSync(join(upper, 'one'), Buffer.alloc(3 * MIB))
      assert.throws(() => writeFileSync(join(upper, 'two'), Buffer.alloc(2 * MIB)), /EDQUOT|ENOSPC/)
      assert.throws(() => writeFileSync(join(upper, 'three'), ''), /EDQUOT|ENOSPC/)
      const { bytes, inodes, enforced } = await vzfs.areas.usage(102)
      assert.ok(bytes >= 3 * MIB && bytes <= 4 * MIB, `${bytes}`)
      assert.deepEqual([inodes, enforced], [empty.inodes + 2, true])
      const ids = await vzfs.areas.idQuota(102)
      ids.setAccounted(5)
      ids.limit('user', 1000, { bytesHard: MIB })
      assert.equal(ids.next('user', 1000)?.id, 1000)
      assert.equal(quota.account('user', BASE + 65_536 + 1000).limits.bytesHard, MIB)
      await vzfs.areas.remove(102)
      assert.ok(vzfs.leavingBases().has(BASE + 65_536))
      await vzfs.idle()
      assert.equal(vzfs.leavingBases().size, 0)
      // XFS takes deleted files off the account in the background.
      for (let look = 0; look < 200 && quota.account('project', projectOf(BASE + 65_536)).inodes > 0; look += 1) await sleep(50)
      const left = quota.account('project', projectOf(BASE + 65_536))
      assert.deepEqual([left.bytes, left.inodes, left.limits], [0, 0, NO_QUOTA_LIMITS])
      assert.deepEqual(quota.account('user', BASE + 65_536 + 1000).limits, NO_QUOTA_LIMITS)
    })

    test('a recount moves what was counted for nobody', async () => {
      const before = (await vzfs.areas.usage(101)).bytes
      const { upper } = await vzfs.areas.plan(101)
      setProject(join(upper, 'a'), 0)
      writeFileSync(join(upper, 'a/large'), Buffer.alloc(2 * MIB))
      assert.equal((await vzfs.areas.usage(101)).bytes, before)
      await vzfs.areas.recount(101)
      assert.ok((await vzfs.areas.usage(101)).bytes >= before + 2 * MIB)
    })
  })
} else {
  test('on a kernel without quota use is counted file by file, and limits are nobody’s business', async () => {
    const { bytes, inodes, enforced } = await vzfs.areas.usage(101)
    assert.deepEqual([bytes > 0, inodes, enforced], [true, 6, false])
    await vzfs.areas.limit(101, { ...NO_QUOTA_LIMITS, bytesHard: MIB })
    assert.equal(await vzfs.areas.limits(101), null)
    const ids = await vzfs.areas.idQuota(101)
    assert.equal(ids.state('user'), 'off')
    assert.throws(() => ids.account('user', 1000), { name: 'QuotaMissing' })
  })
}
