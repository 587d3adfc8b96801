/**
 * A volume that becomes full in the middle of whatever is done with it: for each operation there is at first room for nothing, then for a little more each time,
 * until it succeeds. It says that there is no room, nothing is lost, nothing of it is left, and the next try works when there is room.
 */

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { realProcessRunner } from '@insula/kernel'
import { errnoOf, VzfsError } from './errors.ts'
import { poolOf } from './testing/fill.ts'
import { seen } from './testing/mounted-area.ts'
import { all, OPERATIONS, prepared, preparedOther, withoutLayer } from './testing/operations.ts'
import { type ScratchVolume, scratchVolume } from './testing/scratch-volume.ts'

const runner = realProcessRunner()
const MIB = 1 << 20
/** What was being done, to what, why not, and how things are; the index of digests is nobody's in particular. */
const TOLD =
  /^(?:cannot .*(?:area|layer) .*: the volume is full; (?:nothing|it is)|area 1 cannot .*: the volume has no more than|.*index\.db cannot be written: the volume is full)/
/** How much more room there is each time: 1.2 finds nearly every place where it can end. */
const GROWTH = Number(process.env['INSULA_TEST_FULL_GROWTH'] ?? 16)

for (const [name, operation] of Object.entries(OPERATIONS))
  for (const what of ['inodes', 'pages'] as const)
    test(`while ${name}: no ${what === 'inodes' ? 'inode' : 'block'} left, at any point of it`, async (t) => {
      const place = join('/dev/shm', `insula-full-${process.pid}`)
      mkdirSync(place)
      await runner.run(['mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', place])
      const { vzfs } = await scratchVolume(t, place)
      t.after(async () => {
        await runner.run(['umount', place])
        rmSync(place, { recursive: true })
      })
      mkdirSync(join(vzfs.path, '../bytes'))
      await prepared(vzfs)
      await operation.prepare?.(vzfs)
      const { vzfs: other } = operation.perform.length > 1 ? await otherVolume(t) : { vzfs }
      await vzfs.idle()
      const damaged = operation.perform === OPERATIONS['damage is repaired']?.perform
      const before = damaged ? null : await seen(vzfs, 1)
      const room = (free: number): Promise<unknown> => {
        const { blocks, bfree, files, ffree } = statfsSync(place)
        const options = what === 'inodes' ? `nr_inodes=${files - ffree + free}` : `size=${(blocks - bfree + free) * 4}k`
        return runner.run(['mount', '-o', `remount,${options}`, place])
      }
      const most = operation.most[what === 'inodes' ? 0 : 1]
      let refusals = 0
      for (let free = 0, done = false; !done; free = Math.max(free + 1, Math.ceil(free * GROWTH))) {
        assert.ok(free < most * GROWTH, `there was room for ${free} ${what}`)
        await room(free)
        await operation.perform(vzfs, other).then(
          () => (done = true),
          (error: unknown) => {
            if (operation.raw === true) return assert.ok(saysFull(error), String(error))
            assert.ok(error instanceof VzfsError && error.code === 'no_space', String(error))
            assert.match(error.message, TOLD)
          },
        )
        await vzfs.idle()
        refusals += done ? 0 : 1
        await operation.look?.(vzfs, done)
        for (const part of ['tmp', 'trash']) assert.deepEqual(readdirSync(join(vzfs.path, part)), [], `${part}, ${free} ${what}`)
        assert.deepEqual(
          readdirSync(join(vzfs.path, 'areas/1')).filter((entry) => /relink|\.new|\.old|^rollback$/.test(entry)),
          [],
        )
        // To look takes no room on the volume, but to mount does.
        await runner.run(['mount', '-o', 'remount,size=64m,nr_inodes=100000', place])
        if (before !== null) assert.deepEqual(withoutLayer(await seen(vzfs, 1)), withoutLayer(before), `${free} ${what}`)
      }
      assert.deepEqual(await vzfs.check({ contents: true }), [])
      t.diagnostic(`${refusals} times there was no room`)
      assert.ok(refusals > 0)
    })

test('a full volume can be collected, and an area of it can go', async (t) => {
  const place = join('/dev/shm', `insula-full-${process.pid}`)
  mkdirSync(place)
  await runner.run(['mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', place])
  const { vzfs } = await scratchVolume(t, place)
  t.after(async () => {
    await runner.run(['umount', place])
    rmSync(place, { recursive: true })
  })
  await prepared(vzfs)
  for (const id of [1, 2]) await vzfs.areas.relink(id, all)
  const { blocks, bfree, files, ffree } = statfsSync(place)
  await runner.run(['mount', '-o', `remount,size=${(blocks - bfree) * 4}k,nr_inodes=${files - ffree}`, place])
  for (const id of [1, 2]) await vzfs.areas.remove(id)
  await vzfs.layers.remove('os@1')
  await vzfs.idle()
  const before = statfsSync(place)
  const { files: gone, bytes } = await vzfs.collect()
  assert.equal(gone, 5)
  assert.deepEqual([poolOf(vzfs), readdirSync(join(vzfs.path, 'tmp')), readdirSync(join(vzfs.path, 'trash'))], [[], [], []])
  assert.ok((statfsSync(place).bfree - before.bfree) * before.bsize >= bytes && bytes > MIB)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

async function otherVolume(t: TestContext): Promise<ScratchVolume> {
  const volume = await scratchVolume(t)
  await preparedOther(volume.vzfs)
  return volume
}

function saysFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'no_space'].includes(errnoOf(error) ?? '')
}
