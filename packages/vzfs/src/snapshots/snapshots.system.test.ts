/** Snapshots, rollbacks and clones of areas, on a file system that shares blocks and on one that does not. */

import assert from 'node:assert/strict'
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { realFileCalls, realPrivateMounts, realProcessRunner, realQuota, realUserNamespaces } from '@insula/kernel'
import { LayerInUse } from '../errors.ts'
import { openVzfs } from '../open.ts'
import { IDS } from '../quota/ids.ts'
import { fillAwkwardTree, filled } from '../testing/awkward-tree.ts'
import { described } from '../testing/described.ts'
import { fillHostileTree } from '../testing/hostile-tree.ts'
import { xfsDirectory } from '../testing/xfs-directory.ts'
import type { Vzfs } from '../vzfs.ts'
import type { SnapshotWish } from './snapshot.ts'

const files = realFileCalls()
const BASE = 40 * IDS
const code = (expected: string) => (error: unknown) => (error as { code?: unknown }).code === expected
const wish = (name: string, more: Partial<SnapshotWish> = {}): SnapshotWish => ({
  name,
  cause: 'asked',
  comment: null,
  expiresAt: null,
  record: { of: name },
  ...more,
})
const xfs = await xfsDirectory()

for (const [name, reflink, parent] of [
  ['shared blocks', true, xfs],
  ['plain copies', false, '/var/tmp'],
] as const) {
  const open = async (t: TestContext) => {
    const beside = mkdtempSync(join(parent, 'insula-snapshots-'))
    const vzfs = await opened(join(beside, 'volume'))
    t.after(async () => {
      // Deeper than a path can be: the volume's own trash can delete it.
      for (const { id } of await vzfs.areas.list()) await vzfs.areas.remove(id)
      await vzfs.close()
      rmSync(beside, { recursive: true })
    })
    assert.equal(vzfs.reflink, reflink)
    await layer(vzfs, 'os@1', { 'etc/passwd': 'root', 'usr/lib/large': filled(50_000, 1) })
    await vzfs.areas.create(1, BASE, ['os@1'], { id: 1 })
    return { vzfs, upper: join(vzfs.path, 'areas/1/upper'), at: (path: string) => join(vzfs.path, path) }
  }

  describe(name, () => {
    test('a snapshot holds what the area was, and a rollback brings it back, as often as one likes', async (t) => {
      const { vzfs, upper, at } = await open(t)
      fillAwkwardTree(files, upper)
      fillHostileTree(files, upper, BASE)
      mkdirSync(at('areas/1/links'))
      writeFileSync(at('areas/1/links/own'), 'metadata')
      const first = described(files, upper)
      const info = await vzfs.snapshots.create(1, wish('first', { comment: 'as it was', expiresAt: '2030-01-01T00:00:00.000Z' }))
      assert.ok(info.bytes > 3_000_000 && info.inodes > 3_000)
      assert.deepEqual(await vzfs.snapshots.list(1), [info])
      assert.deepEqual(described(files, at('areas/1/snapshots/first/upper')), first)
      assert.deepEqual(readdirSync(at('areas/1/snapshots/first')).sort(), ['links', 'record.json', 'snapshot.json', 'upper'])
      assert.deepEqual(await vzfs.snapshots.record(1, 'first'), { of: 'first' })

      rmSync(join(upper, 'srv'), { recursive: true })
      rmSync(at('areas/1/links'), { recursive: true })
      appendFileSync(join(upper, 'hostile/named'), 'changed')
      const second = described(files, upper)
      const rolled = await vzfs.snapshots.rollback(1, 'first', wish('before-1', { cause: 'rollback' }))
      assert.deepEqual(rolled, info)
      assert.deepEqual(described(files, upper), first)
      assert.equal(readFileSync(at('areas/1/links/own'), 'utf8'), 'metadata')
      assert.deepEqual(described(files, at('areas/1/snapshots/before-1/upper')), second)
      assert.ok(!existsSync(at('areas/1/snapshots/before-1/links')))

      await vzfs.snapshots.rollback(1, 'before-1', wish('before-2', { cause: 'rollback' }))
      assert.deepEqual(described(files, upper), second)
      assert.ok(!existsSync(at('areas/1/links')))
      await vzfs.snapshots.rollback(1, 'before-2', wish('before-3', { cause: 'rollback' }))
      await vzfs.snapshots.rollback(1, 'first', wish('before-4', { cause: 'rollback' }))
      assert.deepEqual(described(files, upper), first)
      const names = (await vzfs.snapshots.list(1)).map((one) => one.name)
      assert.deepEqual(names.toSorted(), ['before-1', 'before-2', 'before-3', 'before-4', 'first'])
      assert.deepEqual(readdirSync(at('areas/1')).sort(), [
        'area.json',
        'links',
        'quota.json',
        'record.json',
        'snapshots',
        'upper',
        'work',
      ])
      await vzfs.idle()
      assert.deepEqual([readdirSync(at('tmp')), readdirSync(at('trash')), await vzfs.check()], [[], [], []])
    })

    test('names are names, one is there once, and what is removed is its owner’s until it is deleted', async (t) => {
      const { vzfs, at } = await open(t)
      for (const bad of ['', '.', '..', 'a/b', '-x', 'a\0b', 'a b', 'x'.repeat(65)])
        await assert.rejects(vzfs.snapshots.create(1, wish(bad)), code('name_invalid'), bad)
      await vzfs.snapshots.create(1, wish('daily'))
      await assert.rejects(vzfs.snapshots.create(1, wish('daily')), code('snapshot_exists'))
      await assert.rejects(vzfs.snapshots.create(2, wish('daily')), code('area_unknown'))
      await assert.rejects(vzfs.snapshots.remove(1, 'weekly'), code('snapshot_unknown'))
      await assert.rejects(vzfs.snapshots.rollback(1, 'weekly', wish('b')), code('snapshot_unknown'))
      await assert.rejects(vzfs.snapshots.rollback(1, 'daily', wish('daily')), code('snapshot_exists'))
      let over = false
      const removed = vzfs.snapshots.remove(1, 'daily').finally(() => (over = true))
      const leaving = new Set<number>()
      while (!over) {
        for (const base of vzfs.leavingBases()) leaving.add(base)
        await nextTurn()
      }
      await removed
      assert.deepEqual([...leaving], [BASE])
      assert.deepEqual(await vzfs.snapshots.list(1), [])
      await vzfs.idle()
      assert.deepEqual([...vzfs.leavingBases()], [])
      assert.deepEqual([readdirSync(at('trash')), readdirSync(at('tmp'))], [[], []])
    })

    test('layers that a snapshot needs stay, and come back with it', async (t) => {
      const { vzfs } = await open(t)
      await vzfs.snapshots.create(1, wish('on-1'))
      await layer(vzfs, 'os@2', { 'etc/passwd': 'root2' })
      await vzfs.areas.mend({ id: 1, base: BASE, layers: ['os@2'] })
      await assert.rejects(
        vzfs.layers.remove('os@1'),
        (error) => error instanceof LayerInUse && /snapshot on-1 of area 1 uses it/.test(error.message),
      )
      await vzfs.snapshots.rollback(1, 'on-1', wish('on-2'))
      assert.deepEqual((await vzfs.areas.show(1))?.layers, ['os@1'])
      await assert.rejects(vzfs.layers.remove('os@2'), LayerInUse)
      await vzfs.snapshots.remove(1, 'on-2')
      await vzfs.layers.remove('os@2')
      await assert.rejects(vzfs.layers.remove('os@1'), /area 1 and snapshot on-1 of area 1 use it/)
    })

    test('the quota of users inside is that of the snapshot', async (t) => {
      const { vzfs, at } = await open(t)
      const settings =
        '{"accounted":7,"user":{"enforced":true,"grace":null,"limited":{}},"group":{"enforced":true,"grace":null,"limited":{}}}'
      writeFileSync(at('areas/1/quota.json'), settings)
      await vzfs.snapshots.create(1, wish('seven'))
      writeFileSync(at('areas/1/quota.json'), settings.replace('7', '9'))
      await vzfs.snapshots.rollback(1, 'seven', wish('nine'))
      assert.equal((await vzfs.areas.idQuota(1)).accounted(), 7)
      assert.equal(readFileSync(at('areas/1/snapshots/nine/quota.json'), 'utf8'), settings.replace('7', '9'))
    })

    test('a clone is another area with ids of its own, seen through its own mount', async (t) => {
      const { vzfs, upper, at } = await open(t)
      fillHostileTree(files, upper, BASE)
      const CLONED = 77 * IDS
      await inArea(vzfs, 1, BASE, (root) => {
        writeFileSync(join(root, 'etc/passwd'), 'root and more')
        writeFileSync(join(root, 'made'), 'here')
      })
      const before = described(files, upper)
      const expected = described(files, upper, { from: BASE, to: CLONED })
      await vzfs.snapshots.create(1, wish('kept'))
      let seen = ''
      await vzfs.clone(
        { id: 1, snapshot: null },
        {
          id: 2,
          base: CLONED,
          record: { id: 2 },
          adapt: async (plan) => {
            seen = plan.upper
            assert.ok(!existsSync(at('areas/2')), 'nobody sees it yet')
          },
        },
      )
      assert.match(seen, /\/tmp\/of-\d+\.[0-9a-f]+\/upper$/)
      assert.deepEqual(described(files, at('areas/2/upper')), expected)
      assert.deepEqual(described(files, upper), before)
      assert.deepEqual(await vzfs.areas.readRecord(2), { id: 2 })
      assert.ok(!existsSync(at('areas/2/snapshots')))
      await inArea(vzfs, 2, CLONED, (root) => {
        assert.equal(readFileSync(join(root, 'etc/passwd'), 'utf8'), 'root and more')
        assert.ok(readFileSync(join(root, 'usr/lib/large')).equals(filled(50_000, 1)))
        assert.deepEqual([statSync(join(root, 'usr/lib/large')).uid, statSync(join(root, 'etc')).uid], [CLONED, CLONED])
        appendFileSync(join(root, 'made'), ' and there')
      })
      assert.equal(readFileSync(join(upper, 'made'), 'utf8'), 'here')
      await vzfs.clone({ id: 1, snapshot: 'kept' }, { id: 3, base: 78 * IDS, record: {} })
      await assert.rejects(vzfs.clone({ id: 1, snapshot: null }, { id: 3, base: 79 * IDS, record: {} }), code('area_exists'))
      await assert.rejects(vzfs.clone({ id: 1, snapshot: 'no' }, { id: 4, base: 79 * IDS, record: {} }), code('snapshot_unknown'))
      const refusing = async (): Promise<void> => Promise.reject(new Error('not this one'))
      await assert.rejects(
        vzfs.clone({ id: 1, snapshot: null }, { id: 4, base: 79 * IDS, record: {}, adapt: refusing }),
        /not this/,
      )
      assert.equal(await vzfs.areas.show(4), null)
      await vzfs.idle()
      assert.deepEqual([readdirSync(at('tmp')), await vzfs.check()], [[], []])
    })

    test('links that a relink made go with snapshots, come back, and are a clone’s own', async (t) => {
      const { vzfs, upper, at } = await open(t)
      const large = filled(30_000, 9)
      await vzfs.areas.create(2, BASE + IDS, ['os@1'], {})
      for (const [id, base] of [
        [1, BASE],
        [2, BASE + IDS],
      ] as const)
        await inArea(vzfs, id, base, (root) => {
          mkdirSync(join(root, 'opt/program'), { recursive: true })
          writeFileSync(join(root, 'opt/program/library'), large)
          for (const part of ['opt', 'opt/program', 'opt/program/library']) chownSync(join(root, part), base + 7, base)
        })
      for (const id of [1, 2, 1]) await vzfs.areas.relink(id, { share: 'all' })
      const links = at('areas/1/links')
      assert.ok(existsSync(join(links, 'opt/program/library')), 'it is a link')
      const [tops, own] = [described(files, upper), described(files, links)]
      await vzfs.snapshots.create(1, wish('linked'))
      await inArea(vzfs, 1, BASE, (root) => rmSync(join(root, 'opt'), { recursive: true }))
      await vzfs.areas.relink(1, { share: 'all' })
      await vzfs.snapshots.rollback(1, 'linked', wish('without'))
      assert.deepEqual([described(files, upper), described(files, links)], [tops, own])
      const CLONED = 91 * IDS
      await vzfs.clone({ id: 1, snapshot: 'linked' }, { id: 5, base: CLONED, record: {} })
      for (const [id, base] of [
        [1, BASE],
        [5, CLONED],
      ] as const)
        await inArea(vzfs, id, base, (root) => {
          const file = join(root, 'opt/program/library')
          assert.ok(readFileSync(file).equals(large))
          assert.deepEqual([statSync(file).uid, statSync(join(root, 'opt')).uid, statSync(file).gid], [base + 7, base + 7, base])
          appendFileSync(file, 'mine')
        })
      await inArea(vzfs, 2, BASE + IDS, (root) => assert.ok(readFileSync(join(root, 'opt/program/library')).equals(large)))
      assert.deepEqual(await vzfs.check({ contents: true }), [])
    })

    test('who cancels or fails in the middle leaves nothing', async (t) => {
      const { vzfs, upper, at } = await open(t)
      for (let index = 0; index < 4_000; index++) writeFileSync(join(upper, `${index}`), 'x')
      const controller = new AbortController()
      const options = { signal: controller.signal, progress: () => controller.abort(new Error('enough')) }
      await assert.rejects(vzfs.snapshots.create(1, wish('cut'), options), /enough/)
      const broken = { still: async () => Promise.reject(new Error('it could not be frozen')) }
      await assert.rejects(vzfs.snapshots.create(1, wish('cut'), broken), /could not be frozen/)
      await assert.rejects(vzfs.clone({ id: 1, snapshot: null }, { id: 2, base: 50 * IDS, record: {} }, broken), /frozen/)
      await vzfs.idle()
      assert.deepEqual([await vzfs.snapshots.list(1), readdirSync(at('tmp'))], [[], []])
      assert.ok(!existsSync(at('areas/1/snapshots')) || readdirSync(at('areas/1/snapshots')).length === 0)
    })
  })
}

test('on a full volume it is said what is full, and what was there stays', async (t) => {
  const beside = mkdtempSync('/var/tmp/insula-full-')
  const runner = realProcessRunner()
  const [image, path] = [join(beside, 'image'), join(beside, 'mounted')]
  mkdirSync(path)
  await runner.run(['truncate', '-s', '96M', image])
  await runner.run(['mkfs.ext4', '-q', '-F', '-m', '0', image])
  await runner.run(['mount', '-o', 'loop', image, path])
  const vzfs = await opened(path)
  t.after(async () => {
    await vzfs.close()
    await runner.run(['umount', path])
    rmSync(beside, { recursive: true })
  })
  await layer(vzfs, 'os@1', { file: 'x' })
  await vzfs.areas.create(1, BASE, ['os@1'], {})
  const upper = join(path, 'areas/1/upper')
  for (let index = 0; index < 40; index++) writeFileSync(join(upper, `${index}`), filled(1 << 19, index))
  await vzfs.snapshots.create(1, wish('fits'))
  for (let index = 0; index < 40; index++) writeFileSync(join(upper, `more-${index}`), filled(1 << 19, index))
  const before = described(files, upper)
  const full = (error: unknown): boolean =>
    code('no_space')(error) && /the volume is full; nothing of it is left/.test(String(error))
  await assert.rejects(vzfs.snapshots.create(1, wish('too-much')), full)
  await assert.rejects(vzfs.clone({ id: 1, snapshot: null }, { id: 2, base: 50 * IDS, record: {} }), full)
  await vzfs.idle()
  writeFileSync(join(upper, 'filler'), filled(20 << 20, 1))
  const filler = described(files, upper)
  await assert.rejects(vzfs.snapshots.rollback(1, 'fits', wish('before')), full)
  assert.deepEqual(described(files, upper), filler)
  assert.equal(filler.size, before.size + 1)
  await vzfs.idle()
  assert.deepEqual([readdirSync(join(path, 'tmp')), (await vzfs.snapshots.list(1)).map((one) => one.name)], [[], ['fits']])
  assert.deepEqual(await vzfs.check(), [])
})

function opened(path: string): Promise<Vzfs> {
  return openVzfs(path, { files, quota: realQuota, warn: (message) => assert.fail(message), threads: 2 })
}

async function layer(vzfs: Vzfs, name: string, contents: Readonly<Record<string, string | Buffer>>): Promise<void> {
  const source = await vzfs.scratch()
  for (const [path, value] of Object.entries(contents)) {
    mkdirSync(join(source, path, '..'), { recursive: true })
    writeFileSync(join(source, path), value)
  }
  await vzfs.layers.build(name, source)
}

async function inArea(vzfs: Vzfs, id: number, base: number, body: (root: string) => void): Promise<void> {
  const plan = await vzfs.areas.plan(id)
  using owner = await realUserNamespaces()({ base, size: IDS })
  realPrivateMounts().inPrivateCopy((mounts) => {
    mounts.overlay(plan, owner)
    body(plan.root)
  })
}
