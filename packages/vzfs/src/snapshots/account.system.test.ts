/** Snapshots lie in the account of their area, clones in their own. What needs a kernel with quota is tested where there is one: the lab. */

import assert from 'node:assert/strict'
import { closeSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NO_QUOTA_LIMITS, realFileCalls, realQuota } from '@insula/kernel'
import { openVzfs } from '../open.ts'
import { projectOf } from '../quota/account.ts'
import { IDS } from '../quota/ids.ts'
import { filled } from '../testing/awkward-tree.ts'
import { xfsDirectory } from '../testing/xfs-directory.ts'

const MIB = 1024 ** 2
const BASE = 810 * IDS
const users: (() => unknown)[] = []
const path = await xfsDirectory(users)
const quota = realQuota(path)
const vzfs = await openVzfs(path, {
  files: realFileCalls(),
  quota: realQuota,
  warn: (message) => assert.fail(message),
  threads: 1,
})
users.push(
  () => vzfs.close(),
  () => quota[Symbol.dispose](),
)
await vzfs.layers.build('os@1', await vzfs.scratch())
await vzfs.areas.create(1, BASE, ['os@1'], {})
const { upper } = await vzfs.areas.plan(1)
mkdirSync(join(upper, 'deep/er'), { recursive: true })
for (let index = 0; index < 5; index++) writeFileSync(join(upper, `deep/er/${index}`), filled(MIB, index))
const wish = (name: string) => ({ name, cause: 'asked' as const, comment: null, expiresAt: null, record: {} })

function project(file: string): number | undefined {
  const fd = openSync(file, 'r')
  try {
    return quota.project(fd)?.id
  } finally {
    closeSync(fd)
  }
}
const everywhere = (tree: string): string[] => ['', 'deep', 'deep/er', 'deep/er/0'].map((part) => join(tree, part))
/** XFS takes what was removed off an account in the background. */
async function settles(what: string, holds: () => boolean): Promise<void> {
  for (let look = 0; look < 400; look++, await sleep(50)) if (holds()) return
  assert.fail(what)
}

test('what a snapshot keeps is the area’s, what a rollback puts in place too, and what a clone has is its own', async () => {
  await vzfs.snapshots.create(1, wish('kept'))
  for (const one of everywhere(join(path, 'areas/1/snapshots/kept/upper'))) assert.equal(project(one), projectOf(BASE), one)
  await vzfs.snapshots.rollback(1, 'kept', wish('before'))
  for (const one of everywhere(upper)) assert.equal(project(one), projectOf(BASE), one)
  assert.equal(await vzfs.areas.counted(1), true)
  await vzfs.clone({ id: 1, snapshot: null }, { id: 2, base: BASE + IDS, record: {} })
  for (const one of [...everywhere(join(path, 'areas/2/upper')), join(path, 'areas/2/work')])
    assert.equal(project(one), projectOf(BASE + IDS), one)
})

test('a snapshot that lost its account gets it back', async () => {
  const file = openSync(join(path, 'areas/1/snapshots/kept/upper/deep/er/3'), 'r')
  const tree = openSync(join(path, 'areas/1/snapshots/kept/upper'), 'r')
  for (const fd of [file, tree]) {
    quota.setProject(fd, 0)
    closeSync(fd)
  }
  assert.equal(await vzfs.areas.counted(1), false)
  assert.equal(await vzfs.areas.recount(1), 2)
  assert.deepEqual([await vzfs.areas.counted(1), await vzfs.areas.recount(1)], [true, 0])
})

if (quota.kinds.has('project')) {
  test('each version that an area keeps is counted for it, though its blocks are shared, until it is removed', async () => {
    const used = (): number => quota.account('project', projectOf(BASE)).bytes
    for (const { name } of await vzfs.snapshots.list(1)) await vzfs.snapshots.remove(1, name)
    await vzfs.idle()
    await settles('what was removed is not counted', () => used() < 6 * MIB)
    const { bytes } = await vzfs.snapshots.create(1, wish('one'))
    assert.ok(used() >= 10 * MIB && used() < 11 * MIB, `${used()}`)
    assert.ok(bytes >= 5 * MIB && bytes < 6 * MIB)
    await vzfs.snapshots.remove(1, 'one')
    await vzfs.idle()
    await settles('one is not counted any more', () => used() < 6 * MIB)
  })

  test('what does not fit into the limit is not made, and nothing of it is left', async () => {
    quota.setLimits('project', projectOf(BASE), { ...NO_QUOTA_LIMITS, bytesHard: 8 * MIB })
    const refused = (error: unknown): boolean =>
      (error as { code?: string }).code === 'over_limit' && /does not fit into the limit of the area/.test(String(error))
    await assert.rejects(vzfs.snapshots.create(1, wish('too-much')), refused)
    await vzfs.idle()
    assert.deepEqual([await vzfs.snapshots.list(1), readdirSync(join(path, 'tmp'))], [[], []])
    quota.setLimits('project', projectOf(BASE), { ...NO_QUOTA_LIMITS, bytesHard: 11 * MIB })
    await settles('what was there of it is not counted', () => quota.account('project', projectOf(BASE)).bytes < 6 * MIB)
    await vzfs.snapshots.create(1, wish('fits'))
    await assert.rejects(vzfs.snapshots.rollback(1, 'fits', wish('before')), refused)
    assert.deepEqual(
      (await vzfs.snapshots.list(1)).map(({ name }) => name),
      ['fits'],
    )
  })
}
