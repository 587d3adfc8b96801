/** A hostile tree, copied on file systems that share blocks and on those that do not, compared to the last bit. */

import assert from 'node:assert/strict'
import { linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { realFileCalls } from '@insula/kernel'
import { IDS } from '../quota/ids.ts'
import { described } from '../testing/described.ts'
import { fillAwkwardTree, filled } from '../testing/awkward-tree.ts'
import { fillHostileTree } from '../testing/hostile-tree.ts'
import { xfsDirectory } from '../testing/xfs-directory.ts'
import { Trash } from '../trash.ts'
import { prepareCopy } from './copy.ts'
import type { IdShift } from './shift.ts'

const files = realFileCalls()
const BASE = 20 * IDS

const ext4 = mkdtempSync('/var/tmp/insula-copy-')
mkdirSync(join(ext4, 'trash'))
after(async () => {
  // Deeper than a path can be.
  const trash = new Trash(join(ext4, 'trash'), (message) => assert.fail(message))
  for (const name of readdirSync(ext4)) if (name !== 'trash') await trash.discard(join(ext4, name))
  await trash.idle()
  rmSync(ext4, { recursive: true })
})

for (const [name, place, reflink] of [
  ['a file system that shares blocks', await xfsDirectory(), true],
  ['the disk below, by reading and writing', ext4, false],
] as const) {
  describe(name, () => {
    let round = 0
    const fresh = () => {
      const beside = join(place, `round-${(round += 1)}`)
      const [from, to, spare] = ['from', 'to', 'spare'].map((part) => join(beside, part)) as [string, string, string]
      for (const directory of [beside, from, to, spare]) mkdirSync(directory)
      return { from, to, spare }
    }
    const copy = async (tree: ReturnType<typeof fresh>, threads: number, shift: IdShift | null = null) => {
      await using work = await prepareCopy(files, { trees: [tree], how: { shift, reflink }, threads })
      return work.run(() => {})
    }

    for (const threads of [1, 3]) {
      test(`a hostile tree is the same after it, and its source unchanged (${threads} threads)`, async () => {
        const tree = fresh()
        fillAwkwardTree(files, tree.from)
        fillHostileTree(files, tree.from, BASE)
        // A name outside of the tree, which its link count tells of.
        linkSync(join(tree.from, 'srv/size-1'), join(tree.from, '../outside'))
        const before = described(files, tree.from)
        const sum = await copy(tree, threads)
        assert.deepEqual(described(files, tree.from), before)
        const after = described(files, tree.to)
        assert.deepEqual([...after.keys()], [...before.keys()])
        for (const [path, was] of before) if (path !== '/srv/size-1') assert.equal(after.get(path), was, path)
        assert.equal(lstatSync(join(tree.to, 'srv/size-1')).nlink, 1, 'names outside of the tree are not in the copy')
        assert.deepEqual(readdirSync(tree.spare), [])
        // As many as there are paths, but for the names after the first of those that have several.
        const names = [4, 200, 1, 1, 1, 2, 1]
        assert.equal(sum.inodes, before.size - names.reduce((all, more) => all + more, 0))
      })
    }

    test('ids of one area become those of another, wherever they stand', async () => {
      const tree = fresh()
      fillHostileTree(files, tree.from, BASE)
      const shift: IdShift = { from: BASE, to: 31 * IDS }
      const expected = described(files, tree.from, shift)
      await copy(tree, 2, shift)
      assert.deepEqual(described(files, tree.to), expected)
      const own = described(files, tree.from)
      for (const path of ['/hostile/named', '/hostile/inheriting', '/hostile/inheriting/child'])
        assert.notEqual(expected.get(path), own.get(path), path)
    })

    test('blocks are shared where they can be, and counted in any case', async () => {
      const tree = fresh()
      writeFileSync(join(tree.from, 'large'), filled(24 << 20, 5))
      await copy(fresh(), 1)
      const { bsize, bfree } = statfsSync(place)
      const sum = await copy(tree, 1)
      assert.ok(sum.bytes >= 24 << 20)
      const taken = (bfree - statfsSync(place).bfree) * bsize
      if (reflink) assert.ok(taken < 1 << 20, `${taken} bytes were taken for blocks that are shared`)
    })
  })
}
