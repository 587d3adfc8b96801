/** Which files are worth a link, by what a link takes on the file system. */

import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { realFileCalls } from '@insula/kernel'
import { filled } from '../testing/awkward-tree.ts'
import { inArea, seen } from '../testing/mounted-area.ts'
import { scratchVolume } from '../testing/scratch-volume.ts'
import { xfsDirectory } from '../testing/xfs-directory.ts'
import { smallestShared } from './worth-sharing.ts'

const IDS = 65_536
const BASE = 4_500_000
const all = { share: 'all' as const }
const place = await xfsDirectory()

test('on XFS small files are links too, which take no block; they come back, and one without a byte on disk is none', async (t) => {
  const { vzfs, beside } = await scratchVolume(t, place)
  const source = await vzfs.scratch()
  writeFileSync(join(source, 'small'), 'of the template')
  await vzfs.layers.build('os@1', source)
  const sizes = [0, 1, 100, 2_000, 4_095, 4_096, 9_000]
  for (const id of [1, 2]) {
    await vzfs.areas.create(id, BASE + id * IDS, ['os@1'], null)
    await inArea(vzfs, id, (root) => {
      mkdirSync(join(root, 'd'))
      for (const size of sizes) writeFileSync(join(root, 'd', `${size}`), filled(size, size))
      writeFileSync(join(root, 'd/own'), `of ${id}`)
      writeFileSync(join(root, 'd/hole'), '')
      truncateSync(join(root, 'd/hole'), 500_000)
    })
    await vzfs.areas.survey(id, all)
  }
  const before = [await seen(vzfs, 1), await seen(vzfs, 2)]
  const reports = [await vzfs.areas.relink(1, all), await vzfs.areas.relink(2, all)]
  assert.deepEqual(
    reports.map(({ files, newPoolBytes }) => [files, newPoolBytes > 0]),
    [
      [6, true],
      [6, false],
    ],
  )
  assert.deepEqual([await seen(vzfs, 1), await seen(vzfs, 2)], before)
  const links = join(vzfs.path, 'areas/2/links/d')
  assert.deepEqual(
    readdirSync(links)
      .map((name) => [Number(name), lstatSync(join(links, name)).blocks])
      .toSorted(([a = 0], [b = 0]) => a - b),
    sizes.slice(1).map((size) => [size, 0]),
  )
  assert.deepEqual(readdirSync(join(vzfs.path, 'areas/2/upper/d')).toSorted(), ['0', 'hole', 'own'])
  assert.equal((await vzfs.areas.relink(1, { share: 'none' })).ownFiles, 6)
  // What no layer has in the pool is no template's.
  assert.equal((await vzfs.areas.relink(2, { share: 'templates' })).ownFiles, 6)
  assert.deepEqual([await seen(vzfs, 1), await seen(vzfs, 2)], before)
  assert.equal((await vzfs.collect()).files, 6)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
  assert.equal(smallestShared(realFileCalls(), beside), 1)
  assert.deepEqual(readdirSync(beside), ['volume'])
})

test('where a link takes a block, files that take one are left alone', (t) => {
  // Whatever that is: the answer is that of the file system.
  const scratch = mkdtempSync('/var/tmp/insula-links-')
  t.after(() => rmSync(scratch, { recursive: true }))
  const EXT4 = 0xef53
  if (statfsSync(scratch).type === EXT4) assert.equal(smallestShared(realFileCalls(), scratch), 4096)
})
