/** An owner who puts directories in one another by the thousand: what is done with his area takes no more memory and descriptors for it. */

import assert from 'node:assert/strict'
import { chownSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { realFileCalls, realProcessRunner, realQuota } from '@insula/kernel'
import { openVzfs } from './open.ts'
import { IDS } from './quota/ids.ts'
import { layerOf } from './testing/fill.ts'

const BASE = 30 * IDS
/** Each with a name of 255 bytes: all their paths together are 4 GB. */
const LEVELS = 6_000
const [FEW, USUAL] = [1_000, 20_000]

/** From the inside out, because no path leads there. */
function putInOneAnother(beside: string, levels: number): string {
  const name = 'd'.repeat(255)
  let inner = join(beside, 'innermost')
  mkdirSync(inner)
  writeFileSync(join(inner, 'bottom'), 'x')
  for (let level = 1; level < levels; level += 1) {
    const outer = join(beside, `outer-${level}`)
    mkdirSync(outer)
    renameSync(inner, join(outer, name))
    inner = outer
  }
  return inner
}

test('directories in one another by the thousand are measured, checked, relinked, copied and removed', async (t) => {
  const beside = mkdtempSync('/var/tmp/insula-deep-')
  const run = realProcessRunner()
  const limit = async (descriptors: number): Promise<unknown> =>
    run.run(['prlimit', `--pid=${process.pid}`, `--nofile=${descriptors}:`])
  const vzfs = await openVzfs(join(beside, 'volume'), {
    files: realFileCalls(),
    quota: realQuota,
    warn: (message) => assert.fail(message),
    threads: 2,
  })
  t.after(async () => {
    for (const { id } of await vzfs.areas.list()) await vzfs.areas.remove(id)
    await vzfs.close()
    await limit(USUAL)
    rmSync(beside, { recursive: true })
  })
  await layerOf(vzfs, 'a', [1])
  for (const id of [1, 2]) await vzfs.areas.create(id, BASE + id * IDS, ['a'], null)
  const before = (await vzfs.space()).areas
  const upper = join(vzfs.path, 'areas/1/upper')
  renameSync(putInOneAnother(beside, LEVELS), join(upper, 'deep'))
  chownSync(join(upper, 'deep'), BASE + IDS, BASE + IDS)
  await limit(FEW)

  const [deep, other] = (await vzfs.space()).areas
  assert.deepEqual([deep?.files, deep?.apparent, other], [(before[0]?.files ?? 0) + 1, (before[0]?.apparent ?? 0) + 1, before[1]])
  assert.deepEqual(await vzfs.check(), [])
  const { usage } = vzfs.areas
  assert.ok((await usage(1)).inodes > LEVELS)
  const wish = { cause: 'asked', comment: null, expiresAt: null, record: null } as const
  await vzfs.snapshots.create(1, { ...wish, name: 'kept' })
  assert.equal((await vzfs.areas.relink(1, { share: 'all' })).files, 0)
  await vzfs.snapshots.rollback(1, 'kept', { ...wish, name: 'before' })
  await vzfs.clone({ id: 1, snapshot: null }, { id: 3, base: BASE + 9 * IDS, record: null })
  assert.deepEqual(await vzfs.check(), [])
  for (const id of [1, 3]) await vzfs.areas.remove(id)
  await vzfs.idle()
  assert.deepEqual(readdirSync(join(vzfs.path, 'trash')), [])
})
