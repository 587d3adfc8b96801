/**
 * Whatever somebody did in an area, the layer made of it shows the same to others: over the same layers, with other ids, and again when something is
 * done over it and becomes a layer too.
 */

import assert from 'node:assert/strict'
import { lchownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { realFileCalls } from '@insula/kernel'
import * as fc from 'fast-check'
import { scan } from '../build/scan.ts'
import { shiftXattr } from '../copy/shift.ts'
import { checkedFor } from '../testing/checked-for.ts'
import { layerHere } from '../testing/layer-here.ts'
import { mounted, ownerOf, type Seen, seenAt } from '../testing/mounted-area.ts'
import { relinkHere } from '../testing/relink-here.ts'
import { scratchVolume } from '../testing/scratch-volume.ts'
import { type Act, act, contents, fillPlainTree, perform } from '../testing/tenant-acts.ts'

const files = realFileCalls()
const [BASE, OTHER] = [3_000_000, 4_000_000]
const MILLISECONDS = 8_000

test('an area and an area of the layer made of it show the same, relinked or not, layer over layer', async (t) => {
  const { vzfs } = await scratchVolume(t, '/dev/shm')
  const source = await vzfs.scratch()
  fillPlainTree(source)
  await vzfs.layers.build('os@1', source)
  using owner = await ownerOf(BASE)
  using other = await ownerOf(OTHER)
  const inside = async <T>(id: number, body: (root: string) => T): Promise<T> =>
    mounted(await vzfs.areas.plan(id), (await vzfs.areas.show(id))?.base === BASE ? owner : other, body)
  // What others have.
  await vzfs.areas.create(1, BASE, ['os@1'], null)
  await inside(1, (root) => {
    for (let seed = 0; seed < 6; seed++) writeFileSync(join(root, `common-${seed}`), contents(seed))
  })
  await vzfs.areas.survey(1, { share: 'all' })
  let next = 2
  let [layers, relinked] = [0, 0]
  const round = fc.record({ acts: fc.array(act, { minLength: 3, maxLength: 20, size: 'max' }), relink: fc.nat(1) })
  const runs = await checkedFor(t, MILLISECONDS, fc.array(round, { minLength: 1, maxLength: 3, size: 'max' }), async (rounds) => {
    let below = ['os@1']
    const made: string[] = []
    for (const [index, { acts, relink }] of rounds.entries()) {
      // In turn, so that the ids of one are not those of the other.
      const [mine, its] = index % 2 === 0 ? [BASE, OTHER] : [OTHER, BASE]
      const [id, copy] = [next++, next++]
      await vzfs.areas.create(id, mine, below, null)
      await inside(id, (root) => {
        all(acts, root, mine)
      })
      if (relink === 0) relinked += (await relinkHere(vzfs.path, id, below)).files
      const layer = `layer-${id}`
      const before = await inside(id, seenAt)
      await layerHere(vzfs.path, await vzfs.areas.plan(id), mine, layer)
      assert.deepEqual(await inside(id, seenAt), before)
      below = [layer, ...below]
      made.unshift(layer)
      layers++
      await vzfs.areas.create(copy, its, below, null)
      assert.deepEqual(inner(await inside(copy, seenAt), its), inner(before, mine))
      // What is done in it comes out as it does in the other; but overlayfs keeps names of one file together in upper alone.
      if (!acts.some(({ kind }) => kind === 'link')) {
        for (const [area, base] of [
          [copy, its],
          [id, mine],
        ] as const)
          await inside(area, (root) => all(acts, root, base))
        assert.deepEqual(lasting(inner(await inside(copy, seenAt), its)), lasting(inner(await inside(id, seenAt), mine)))
      }
      for (const area of [id, copy]) await vzfs.areas.remove(area)
    }
    for (const layer of made) await vzfs.layers.remove(layer)
  })
  t.diagnostic(`${runs} tenants, ${layers} layers, ${relinked} links`)
  assert.ok(layers > 0)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

/** What the test makes itself belongs to the host's root, and an owner of an area is never that. */
function all(acts: readonly Act[], root: string, base: number): void {
  for (const one of acts) perform(files, root, base, one)
  for (const { path, uid, gid } of scan(files, Buffer.from(root)))
    if (uid < base || gid < base) lchownSync(join(root, path), Math.max(uid, base), Math.max(gid, base))
}

/** As its owner sees it. Names that are gone count still for files that a layer shows, so those that there are count here. */
function inner(seen: Seen, base: number): Seen {
  const names = new Map<string, number>()
  for (const { sameAs } of seen.values()) names.set(sameAs, (names.get(sameAs) ?? 0) + 1)
  const shift = { from: base, to: 0 }
  return new Map(
    [...seen].map(([path, entry]) => {
      const xattrs = entry.xattrs.map(
        ([name, value]) => [name, shiftXattr(shift, name, Buffer.from(value, 'latin1')).toString('hex')] as const,
      )
      const links = names.get(entry.sameAs) ?? 1
      const mtime = path === '' ? 0n : entry.mtime
      return [path, { ...entry, uid: entry.uid - base, gid: entry.gid - base, xattrs, links, mtime }] as const
    }),
  )
}

/** Without the times at which things were done. */
const lasting = (found: Seen) => new Map([...found].map(([path, { mtime: _mtime, ...rest }]) => [path, rest] as const))
