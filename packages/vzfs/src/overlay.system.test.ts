/** What VZFS is for: the same files, seen through a real overlay by two areas, and changed in one of them. */

import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { type MountCalls, realFileCalls, realPrivateMounts, realUserNamespaces } from '@insula/kernel'
import { type Entry, entryPath } from './build/entry.ts'
import { scan } from './build/scan.ts'
import { fillAwkwardTree, filled } from './testing/awkward-tree.ts'
import { type ScratchVolume, scratchVolume } from './testing/scratch-volume.ts'

const files = realFileCalls()
const BASE = 1_900_000
const LAYER = 'awkward@1'

test('an area shows the tree that its layer was built from', async (t) => {
  const { volume, before, contents } = await builtVolume(t)
  await volume.vzfs.areas.create(1, BASE, [LAYER], null)
  await inArea(volume, 1, BASE, (root) => {
    const after = scan(files, Buffer.from(root))
    assert.deepEqual(
      after.map((entry) => entry.path),
      before.map((entry) => entry.path),
    )
    for (const [index, entry] of after.entries()) {
      const was = before[index]
      assert.ok(was)
      assert.deepEqual(described(entry), described({ ...was, uid: was.uid + BASE, gid: was.gid + BASE }), entry.path)
      if (entry.kind === 'file')
        assert.ok(readFileSync(entryPath(Buffer.from(root), entry.path)).equals(contents.get(entry.path) ?? Buffer.of()))
      if (entry.kind === 'symlink') assert.equal(readlinkSync(entryPath(Buffer.from(root), entry.path)), entry.target)
    }
  })
})

test('file capabilities and attributes are those of the tree', async (t) => {
  const { volume } = await builtVolume(t)
  await volume.vzfs.areas.create(1, BASE, [LAYER], null)
  await inArea(volume, 1, BASE, (root) => {
    // Seen from outside of the area's user namespace, the kernel adds whose root it belongs to: version 3. capabilities(7)
    const capability = files.getXattr(Buffer.from(`${root}/bin/ping`), 'security.capability')
    assert.equal(capability?.toString('hex'), `0100000300200000${'00000000'.repeat(3)}${littleEndian(BASE)}`)
    assert.deepEqual(files.getXattr(Buffer.from(`${root}/etc/labelled`), 'user.note'), Buffer.from([0, 255, 1]))
    assert.deepEqual(files.getXattr(Buffer.from(`${root}/etc`), 'user.note'), Buffer.from('directory'))
    assert.equal(files.getXattr(Buffer.from(`${root}/etc/labelled`), 'trusted.overlay.metacopy'), null)
    // User 1000 of the list is the area's user 1000. acl(5): 4 bytes, then 8 for each entry, the id in the last 4.
    const list = files.getXattr(Buffer.from(`${root}/etc/listed`), 'system.posix_acl_access')
    assert.deepEqual([list?.readUInt16LE(12), list?.readUInt16LE(14), list?.readUInt32LE(16)], [2, 7, BASE + 1000])
  })
})

test('names of one file in the tree show the same contents, and stay one file in the layer', async (t) => {
  const { volume, before } = await builtVolume(t)
  await volume.vzfs.areas.create(1, BASE, [LAYER], null)
  const [tree] = (await volume.vzfs.areas.plan(1)).layers
  const inodes = ['srv/link-1', 'srv/link-2', 'var/link-3'].map((name) => lstatSync(join(tree ?? '', name)).ino)
  assert.equal(new Set(inodes).size, 1)
  assert.equal(before.find((entry) => entry.path === 'srv/link-1')?.links, 3)
  await inArea(volume, 1, BASE, (root) => {
    for (const name of ['srv/link-1', 'srv/link-2', 'var/link-3']) {
      assert.equal(lstatSync(join(root, name)).nlink, 3)
      assert.ok(readFileSync(join(root, name)).equals(filled(10_000, 13)))
    }
  })
})

test('a change in one area is seen by no other, and neither layer nor pool changes', async (t) => {
  const { volume } = await builtVolume(t)
  await volume.vzfs.areas.create(1, BASE, [LAYER], null)
  await volume.vzfs.areas.create(2, BASE + 65_536, [LAYER], null)
  const unchanged = imprint(volume.vzfs.path)

  await inArea(volume, 1, BASE, (root) => {
    appendFileSync(join(root, 'srv/twin-a'), 'more')
    writeFileSync(join(root, 'srv/size-3000000'), 'less')
    chmodSync(join(root, 'bin/su'), 0o755)
    rmSync(join(root, 'srv/size-4096'))
    rmSync(join(root, 'etc'), { recursive: true })
    appendFileSync(join(root, 'srv/link-1'), 'more')
    cpSync(join(root, 'bin'), join(root, 'bin-copy'), { recursive: true })
    assert.equal(readFileSync(join(root, 'srv/twin-a')).length, 9004)
  })
  assert.deepEqual(imprint(volume.vzfs.path), unchanged)
  assert.deepEqual(await volume.vzfs.check({ contents: true }), [])

  await inArea(volume, 1, BASE, (root) => {
    assert.equal(readFileSync(join(root, 'srv/size-3000000'), 'utf8'), 'less')
    assert.equal(lstatSync(join(root, 'bin/su')).mode & 0o7777, 0o755)
    assert.ok(!readdirSync(root).includes('etc'))
  })
  await inArea(volume, 2, BASE + 65_536, (root) => {
    assert.ok(readFileSync(join(root, 'srv/twin-a')).equals(filled(9000, 7)))
    assert.equal(lstatSync(join(root, 'bin/su')).mode & 0o7777, 0o6755)
    assert.ok(readdirSync(root).includes('etc'))
  })
  const chmodded = lstatSync(join(volume.vzfs.path, 'areas/1/upper/bin/su'))
  assert.ok(chmodded.blocks * 512 < chmodded.size, 'chmod copies metadata only')
})

test('the root directory of an area has the owner and mode of the tree', async (t) => {
  const { volume } = await builtVolume(t)
  await volume.vzfs.areas.create(1, BASE, [LAYER], null)
  await inArea(volume, 1, BASE, (root) => {
    const { mode, uid, gid } = statSync(root)
    assert.deepEqual([mode & 0o7777, uid, gid], [0o755, BASE, BASE])
  })
})

test('of several layers the first is on top', async (t) => {
  const { volume } = await builtVolume(t)
  const { vzfs } = volume
  const source = await vzfs.scratch()
  cpSync(join(vzfs.path, 'layers', LAYER, 'tree/etc'), join(source, 'etc'), { recursive: true })
  writeFileSync(join(source, 'etc/small-labelled'), 'from above')
  writeFileSync(join(source, 'added'), filled(5000, 99))
  await vzfs.layers.build('app@1', source)
  await vzfs.areas.create(1, BASE, ['app@1', LAYER], null)
  await inArea(volume, 1, BASE, (root) => {
    assert.equal(readFileSync(join(root, 'etc/small-labelled'), 'utf8'), 'from above')
    assert.ok(readFileSync(join(root, 'added')).equals(filled(5000, 99)))
    assert.ok(readFileSync(join(root, 'srv/size-4096')).equals(filled(4096, 4096)))
  })
})

async function builtVolume(t: TestContext) {
  const volume = await scratchVolume(t)
  const source = await volume.vzfs.scratch()
  fillAwkwardTree(files, source)
  const before = scan(files, Buffer.from(source))
  const contents = new Map(
    before
      .filter((entry) => entry.kind === 'file')
      .map((entry) => [entry.path, readFileSync(entryPath(Buffer.from(source), entry.path))] as const),
  )
  await volume.vzfs.layers.build(LAYER, source)
  return { volume, before, contents }
}

/** Mounts the area as the keeper would, and runs body in there. */
async function inArea(
  { vzfs }: ScratchVolume,
  id: number,
  base: number,
  body: (root: string, mounts: MountCalls) => void,
): Promise<void> {
  const plan = await vzfs.areas.plan(id)
  using owner = await realUserNamespaces()({ base, size: 65_536 })
  realPrivateMounts().inPrivateCopy((mounts) => {
    mounts.overlay(plan, owner)
    body(plan.root, mounts)
  })
}

/** What has to be equal on both sides. Inode numbers, the root's time and what is told with ids in it differ by nature. */
function described({ inode: _inode, atime: _atime, mtime, xattrs, ...rest }: Entry) {
  return { ...rest, mtime: rest.path === '' ? null : mtime, xattrs: xattrs.filter(([name]) => name.startsWith('user.')) }
}

/** Everything that may not change on a volume: each file of layers and pool with its times and contents. */
function imprint(volume: string): unknown {
  const layers = scan(files, Buffer.from(join(volume, 'layers'))).map(({ atime: _atime, ...entry }) => entry)
  const pool = scan(files, Buffer.from(join(volume, 'pool'))).map(({ atime: _atime, ...entry }) => entry)
  return { layers, pool }
}

function littleEndian(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes.toString('hex')
}
