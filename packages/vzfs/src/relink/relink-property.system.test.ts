/**
 * Whatever a tenant did, nothing that it sees changes when its area is relinked, and what it does then comes out as it does in an area that never
 * was.
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { realFileCalls } from '@insula/kernel'
import * as fc from 'fast-check'
import { checkedFor } from '../testing/checked-for.ts'
import { inArea, mounted, ownerOf, type Seen, seenAt } from '../testing/mounted-area.ts'
import { relinkHere } from '../testing/relink-here.ts'
import { scratchVolume } from '../testing/scratch-volume.ts'
import { act, contents, fillPlainTree, perform } from '../testing/tenant-acts.ts'

const files = realFileCalls()
const BASE = 3_000_000
const MILLISECONDS = 10_000

test('relinks change nothing that can be seen, whatever was done before and between', async (t) => {
  const { vzfs } = await scratchVolume(t, '/dev/shm')
  const source = await vzfs.scratch()
  fillPlainTree(source)
  await vzfs.layers.build('os@1', source)
  // What everybody has.
  await vzfs.areas.create(1, BASE, ['os@1'], null)
  await inArea(vzfs, 1, (root) => {
    for (let seed = 0; seed < 6; seed++) writeFileSync(join(root, `common-${seed}`), contents(seed))
  })
  await vzfs.areas.survey(1, { share: 'all' })
  using owner = await ownerOf(BASE)
  const inside = async <T>(id: number, body: (root: string) => T): Promise<T> => mounted(await vzfs.areas.plan(id), owner, body)
  // Small ones too, as on XFS.
  const relink = (id: number) => relinkHere(vzfs.path, id, ['os@1'], () => {}, 'all', 1)
  let next = 2
  let [relinks, links] = [0, 0]
  const rounds = fc.array(fc.array(act, { minLength: 4, maxLength: 24, size: 'max' }), {
    minLength: 2,
    maxLength: 5,
    size: 'max',
  })
  const runs = await checkedFor(t, MILLISECONDS, rounds, async (acts) => {
    const [id, plain] = [next++, next++]
    for (const area of [id, plain]) await vzfs.areas.create(area, BASE, ['os@1'], null)
    for (const round of acts) {
      for (const area of [id, plain])
        await inside(area, (root) => {
          for (const one of round) perform(files, root, BASE, one)
        })
      const before = await inside(id, seenAt)
      assert.deepEqual(lasting(before), lasting(await inside(plain, seenAt)))
      const { files: found } = await relink(id)
      assert.deepEqual(await inside(id, seenAt), before)
      const again = await relink(id)
      assert.deepEqual([again.files, again.hashedFiles], [0, 0])
      relinks++
      links += found
    }
    for (const area of [id, plain]) await vzfs.areas.remove(area)
  })
  t.diagnostic(`${runs} tenants, ${relinks} relinks, ${links} links`)
  assert.ok(links > 0)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

/** Without the times at which things were done. */
const lasting = (found: Seen) => new Map([...found].map(([path, { mtime: _mtime, ...rest }]) => [path, rest] as const))
