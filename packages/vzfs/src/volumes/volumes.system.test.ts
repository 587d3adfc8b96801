/** Several volumes as one, on two file systems that share nothing. */

import assert from 'node:assert/strict'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { realFileCalls, realProcessRunner, realQuota } from '@insula/kernel'
import { poolKey } from '../names.ts'
import { openVzfs } from '../open.ts'
import { IDS } from '../quota/ids.ts'
import { fillAwkwardTree, filled } from '../testing/awkward-tree.ts'
import { described } from '../testing/described.ts'
import { seen } from '../testing/mounted-area.ts'
import { xfsDirectory } from '../testing/xfs-directory.ts'
import type { Vzfs } from '../vzfs.ts'
import { joinVolumes } from './join.ts'
import type { JoinedVzfs } from './joined.ts'

const files = realFileCalls()
const [one, other] = [await xfsDirectory(), await xfsDirectory()]
const BASE = 50 * IDS
const code = (expected: string) => (error: unknown) => (error as { code?: unknown }).code === expected

interface Both {
  readonly joined: JoinedVzfs
  readonly first: Vzfs
  readonly second: Vzfs
  readonly homes: Map<number, string>
}

async function both(t: TestContext): Promise<Both> {
  const open = async (parent: string): Promise<Vzfs> => {
    const beside = mkdtempSync(join(parent, 'insula-volumes-'))
    const vzfs = await openVzfs(join(beside, 'volume'), {
      files,
      quota: realQuota,
      warn: (message) => assert.fail(message),
      threads: 2,
    })
    t.after(async () => {
      await vzfs.close()
      rmSync(beside, { recursive: true })
    })
    return vzfs
  }
  const [first, second] = [await open(one), await open(other)]
  const homes = new Map<number, string>()
  const joined = joinVolumes({ first: { name: 'default', vzfs: first }, home: (id) => homes.get(id) ?? null })
  joined.put({ name: 'second', path: second.path, vzfs: second, problem: null })
  return { joined, first, second, homes }
}

async function awkwardLayer(joined: JoinedVzfs, name: string): Promise<void> {
  const source = await joined.scratch()
  fillAwkwardTree(files, source)
  await joined.layers.build(name, source, { manifest: { of: name } })
}

async function layerOf(joined: JoinedVzfs, name: string, contents: Readonly<Record<string, string>>): Promise<void> {
  const source = await joined.scratch()
  for (const [path, text] of Object.entries(contents)) writeFileSync(join(source, path), text)
  await joined.layers.build(name, source)
}

const empty = (vzfs: Vzfs): string[] => readdirSync(join(vzfs.path, 'tmp'))
const clean = async (vzfs: Vzfs): Promise<void> => assert.deepEqual(await vzfs.check({ contents: true }), [])

test('a layer of every kind of file is the same on another volume, and copied once for all who want it at once', async (t) => {
  const { joined, first, second } = await both(t)
  await awkwardLayer(joined, 'os@1')
  const told: number[] = []
  const made = await Promise.all(
    [1, 2, 3].map((id) =>
      joined.create(
        'second',
        { id, base: BASE + id * IDS, layers: ['os@1'], record: { id } },
        { copying: (_layer, done) => told.push(done) },
      ),
    ),
  )
  assert.deepEqual(
    made.map(({ id }) => id),
    [1, 2, 3],
  )
  const [here, there] = [await first.layers.show('os@1'), await second.layers.show('os@1')]
  assert.equal(there?.digest, here?.digest)
  assert.ok((there?.newPoolBytes ?? 0) > 0)
  assert.deepEqual(await second.layers.manifest('os@1'), { of: 'os@1' })
  const tree = (vzfs: Vzfs): Map<string, string> => described(files, join(vzfs.path, 'layers/os@1/tree'))
  assert.deepEqual(tree(second), tree(first))
  assert.ok(told.length > 0)
  assert.deepEqual(empty(second), [])
  await clean(second)
  await first.areas.create(9, BASE + 2 * IDS, ['os@1'], {})
  // But for when their roots were made.
  const shown = async (vzfs: Vzfs, id: number) => new Map([...(await seen(vzfs, id))].filter(([path]) => path !== ''))
  assert.deepEqual(await shown(second, 2), await shown(first, 9))
  await assert.rejects(joined.layers.remove('os@1'), code('layer_in_use'))
  assert.ok(await second.layers.show('os@1'), 'what is refused changes nothing')
  for (const id of [1, 2, 3, 9]) await joined.areas.remove(id)
  await joined.layers.remove('os@1')
  assert.deepEqual(await joined.layers.list(), [])
  await joined.idle()
  await joined.collect()
  for (const vzfs of [first, second]) assert.deepEqual(readdirSync(join(vzfs.path, 'pool')), [])
})

test('an area with links and snapshots is cloned and moved to another volume, and shows the same there', async (t) => {
  const { joined, first, second, homes } = await both(t)
  await layerOf(joined, 'os@1', { large: filled(50_000, 1).toString(), small: 'small' })
  homes.set(1, 'default')
  await joined.create('default', { id: 1, base: BASE, layers: ['os@1'], record: { id: 1 } })
  const upper = join(first.path, 'areas/1/upper')
  fillAwkwardTree(files, mkdirAt(upper, 'awkward'))
  for (const [name, size] of [
    ['twin', 60_000],
    ['same', 60_000],
  ] as const)
    writeFileSync(join(upper, name), filled(size, 7))
  // Two areas that have the same: it becomes a link into the pool.
  await first.areas.create(2, BASE + IDS, ['os@1'], {})
  writeFileSync(join(first.path, 'areas/2/upper/mine'), filled(60_000, 7))
  await first.areas.survey(2, { share: 'all' })
  const { files: linked } = await joined.areas.relink(1, { share: 'all' })
  assert.ok(linked > 0)
  assert.ok(existsSync(join(first.path, 'areas/1/links')))
  await joined.snapshots.create(1, { name: 'then', cause: 'asked', comment: null, expiresAt: null, record: { was: true } })
  writeFileSync(join(upper, 'later'), 'later')
  const before = await seen(first, 1)

  await joined.clone('second', { id: 1, snapshot: 'then' }, { id: 3, base: BASE + 2 * IDS, record: { id: 3 } })
  const clone = await seen(second, 3)
  assert.deepEqual([clone.get('twin')?.contents, clone.has('later')], [before.get('twin')?.contents, false])

  // What it brought along is not there for the move.
  await second.areas.remove(3)
  await second.idle()
  assert.ok((await second.collect()).files > 0)

  const aborted = AbortSignal.abort(new Error('not now'))
  await assert.rejects(joined.copyTo('second', 1, {}, { signal: aborted }), /not now/)
  await second.idle()
  assert.deepEqual([await second.areas.show(1), empty(second)], [null, []])

  await joined.copyTo('second', 1, { id: 1, volume: 'second' })
  await assert.rejects(joined.copyTo('second', 1, {}), code('area_exists'))
  homes.set(1, 'second')
  assert.deepEqual(await joined.dropStale(), [{ volume: 'default', id: 1 }])
  assert.deepEqual(await joined.dropStale(), [])
  assert.deepEqual(await seen(second, 1), before)
  assert.deepEqual(
    (await joined.snapshots.list(1)).map(({ name }) => name),
    ['then'],
  )
  assert.deepEqual(await joined.areas.readRecord(1), { id: 1, volume: 'second' })
  await joined.snapshots.rollback(1, 'then', { name: 'before', cause: 'rollback', comment: null, expiresAt: null, record: {} })
  assert.equal((await seen(second, 1)).has('later'), false)
  for (const vzfs of [first, second]) await clean(vzfs)
  const report = await joined.examine({ contents: true })
  assert.deepEqual([report.damages, report.looked.areas], [[], 2])
})

const mkdirAt = (directory: string, name: string): string => {
  mkdirSync(join(directory, name))
  return join(directory, name)
}

test('damage does not spread to another volume, and is repaired from one', async (t) => {
  const { joined, first, second } = await both(t)
  await layerOf(joined, 'os@1', { large: filled(50_000, 3).toString() })
  await joined.create('second', { id: 1, base: BASE, layers: ['os@1'], record: {} })
  const [prefix = ''] = readdirSync(join(first.path, 'pool'))
  const [rest = ''] = readdirSync(join(first.path, 'pool', prefix))
  const rot = (vzfs: Vzfs): void => {
    const fd = openSync(join(vzfs.path, 'pool', poolKey(prefix + rest)), 'r+')
    writeSync(fd, 'rot', 100)
    closeSync(fd)
  }
  rot(first)
  const report = await joined.examine({ contents: true })
  assert.deepEqual(
    report.damages.map(({ kind, volume }) => [kind, volume]),
    [['contents', 'default']],
  )
  const { damages, repaired } = await joined.repair({ contents: true })
  assert.deepEqual([damages, repaired.every(({ volume }) => volume === 'default')], [[], true])
  await clean(first)

  await second.areas.remove(1)
  await second.layers.remove('os@1')
  await second.idle()
  await second.collect()
  rot(first)
  await assert.rejects(
    joined.create('second', { id: 2, base: BASE, layers: ['os@1'], record: {} }),
    /cannot copy layer os@1 from .*: .* does not hold what its name says; repair its volume first/,
  )
  await second.idle()
  assert.deepEqual([await second.layers.list(), await second.areas.list(), empty(second)], [[], [], []])
  assert.deepEqual(readdirSync(join(second.path, 'pool')), [])
})

test('a volume without room gets no layer and no area, and says so', async (t) => {
  const { joined, second } = await both(t)
  await layerOf(joined, 'os@1', { large: filled(12_000_000, 5).toString('latin1') })
  const ballast = join(second.path, 'ballast')
  const { bavail, bsize } = statfsSync(second.path)
  await realProcessRunner().run(['fallocate', '-l', `${bavail * bsize - (8 << 20)}`, ballast])
  try {
    await assert.rejects(joined.create('second', { id: 1, base: BASE, layers: ['os@1'], record: {} }), code('no_space'))
  } finally {
    rmSync(ballast)
  }
  await second.idle()
  assert.deepEqual([await second.layers.list(), await second.areas.list(), empty(second)], [[], [], []])
})

test('what is asked about areas of a volume that is missing is refused with the reason, and of others answered', async (t) => {
  const { joined, second, homes } = await both(t)
  await layerOf(joined, 'os@1', { small: 'small' })
  homes.set(1, 'default').set(2, 'second')
  await joined.create('default', { id: 1, base: BASE, layers: ['os@1'], record: {} })
  await joined.create('second', { id: 2, base: BASE + IDS, layers: ['os@1'], record: {} })
  joined.put({ name: 'second', path: second.path, vzfs: null, problem: 'the disk is gone' })
  assert.deepEqual(
    (await joined.areas.list()).map(({ id }) => id),
    [1],
  )
  await assert.rejects(joined.areas.plan(2), { code: 'volume_missing', message: /the disk is gone/ })
  await assert.rejects(joined.areas.remove(2), { code: 'volume_missing' })
  assert.match((await joined.areas.problem(2))?.message ?? '', /the disk is gone/)
  assert.equal((await joined.areas.plan(1)).layers.length, 1)
  await assert.rejects(joined.create('second', { id: 3, base: BASE, layers: ['os@1'], record: {} }), { code: 'volume_missing' })
  await assert.rejects(joined.create('third', { id: 3, base: BASE, layers: ['os@1'], record: {} }), { code: 'volume_unknown' })
  joined.put({ name: 'second', path: second.path, vzfs: second, problem: null })
  assert.equal((await joined.of(2)).name, 'second')
  homes.clear()
  assert.equal((await joined.of(2)).name, 'second', 'also when nobody knows where it is')
  await assert.rejects(joined.create('default', { id: 2, base: BASE, layers: ['os@1'], record: {} }), code('area_exists'))
})
