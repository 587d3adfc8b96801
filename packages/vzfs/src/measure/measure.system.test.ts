/** Figures of a real volume beside those of du, find and fincore. */

import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { realFileCalls, realPageCache, realPrivateMounts, realProcessRunner, realUserNamespaces } from '@insula/kernel'
import { fillAwkwardTree, filled } from '../testing/awkward-tree.ts'
import { layerOf, putStub } from '../testing/fill.ts'
import { inArea } from '../testing/mounted-area.ts'
import { type ScratchVolume, scratchVolume } from '../testing/scratch-volume.ts'

const files = realFileCalls()
const run = realProcessRunner()
const cache = realPageCache()
const BASE = 1_900_000

/** Lengths of all regular files of a mounted root, each file once. find(1) knows nothing of VZFS. */
async function inRoot({ vzfs }: ScratchVolume, id: number, body: (root: string) => void): Promise<void> {
  const plan = await vzfs.areas.plan(id)
  using owner = await realUserNamespaces()({ base: BASE, size: 65_536 })
  realPrivateMounts().inPrivateCopy((mounts) => {
    mounts.overlay(plan, owner)
    body(plan.root)
  })
}

function lengths(root: string): { bytes: number; names: number } {
  const seen = new Set<number>()
  let [bytes, names] = [0, 0]
  const walk = (directory: Buffer): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })) {
      const path = Buffer.concat([directory, Buffer.from('/'), entry.name])
      if (entry.isDirectory()) walk(path)
      if (!entry.isFile()) continue
      names += 1
      const { ino, size } = statSync(path)
      if (!seen.has(ino)) bytes += size
      seen.add(ino)
    }
  }
  walk(Buffer.from(root))
  return { bytes, names }
}

test('apparent bytes are those that a root shows, whatever was done in it', async (t) => {
  const volume = await scratchVolume(t)
  const { vzfs } = volume
  const source = await vzfs.scratch()
  fillAwkwardTree(files, source)
  mkdirSync(join(source, 'srv/deep/er'), { recursive: true })
  for (const name of ['a', 'b']) writeFileSync(join(source, 'srv/deep/er', name), filled(7_000, 70))
  await vzfs.layers.build('a', source)
  await vzfs.areas.create(1, BASE, ['a'], null)
  await vzfs.areas.create(2, BASE + 65_536, ['a'], null)
  const steps: ((root: string) => void)[] = [
    () => undefined,
    (root) => appendFileSync(join(root, 'srv/twin-a'), 'more'),
    (root) => chmodSync(join(root, 'bin/su'), 0o700),
    (root) => rmSync(join(root, 'srv/size-4096')),
    (root) => renameSync(join(root, 'srv/size-3000000'), join(root, 'moved')),
    (root) => renameSync(join(root, 'srv/deep'), join(root, 'deeper')),
    (root) => rmSync(join(root, 'deeper/er/a')),
    (root) => writeFileSync(join(root, 'deeper/er/new'), filled(9_999, 1)),
    (root) => linkSync(join(root, 'deeper/er/new'), join(root, 'linked')),
    (root) => rmSync(join(root, 'etc'), { recursive: true }),
    (root) => mkdirSync(join(root, 'etc')),
    (root) => writeFileSync(join(root, 'etc/passwd'), 'root'),
    (root) => rmSync(join(root, 'bin'), { recursive: true }),
    (root) => writeFileSync(join(root, 'bin'), 'a file'),
    (root) => writeFileSync(join(root, 'srv/size-0'), Buffer.alloc(100_000)),
  ]
  for (const [index, step] of steps.entries()) {
    let seen = { bytes: 0, names: 0 }
    await inRoot(volume, 1, (root) => {
      step(root)
      seen = lengths(root)
    })
    const [area, untouched] = (await vzfs.space()).areas
    assert.deepEqual({ bytes: area?.apparent, names: area?.files }, seen, `after step ${index}`)
    assert.equal(untouched?.apparent, (await vzfs.layers.show('a'))?.bytes)
  }
})

test('shared and saved bytes are what du finds in the pool, once for each area less one', async (t) => {
  const { vzfs } = await scratchVolume(t)
  await layerOf(vzfs, 'a', [1, 2, 3])
  await layerOf(vzfs, 'b', [3, 4])
  for (const id of [1, 2, 3]) await vzfs.areas.create(id, BASE + id * 65_536, ['a'], null)
  await vzfs.areas.create(4, BASE, ['b'], null)
  putStub(files, join(vzfs.path, 'areas/4/links/x'), hash('sha256', filled(6000, 1)))
  writeFileSync(join(vzfs.path, 'areas/3/upper/f1'), 'private now')
  const { areas, layers, pool } = await vzfs.space()
  const { stdout } = await run.run(['du', '--summarize', '--block-size=1', join(vzfs.path, 'pool')])
  const directories = readdirSync(join(vzfs.path, 'pool')).length + 1
  assert.equal(pool.bytes + directories * 4096, Number(stdout.split('\t')[0]))
  assert.deepEqual(pool, { files: 4, bytes: 4 * 8192, saved: 8192 * (2 + 2 + 3) })
  assert.deepEqual(
    areas.map(({ shared }) => shared),
    [3 * 8192, 3 * 8192, 2 * 8192, 3 * 8192],
  )
  assert.equal(
    areas.reduce((sum, { saved }) => sum + saved, 0),
    pool.saved,
  )
  const [a, b] = layers
  assert.deepEqual([a?.users, a?.shared, a?.saved, b?.users, b?.shared, b?.saved], [3, 3 * 8192, 7 * 8192, 1, 2 * 8192, 3 * 8192])
  const own = await run.run(['du', '--summarize', '--block-size=1', join(vzfs.path, 'layers/a')])
  assert.equal(a?.own, Number(own.stdout.split('\t')[0]))
})

test('what is in RAM is what fincore says; what was hot is read ahead, hottest first, within the budget', async (t) => {
  const { vzfs } = await scratchVolume(t)
  const source = await vzfs.scratch()
  for (let seed = 0; seed < 4; seed++) writeFileSync(join(source, `f${seed}`), filled(400_000 + seed, seed))
  await vzfs.layers.build('a', source)
  const [hot, warm, ...cold] = [0, 1, 2, 3].map((seed) => {
    const digest = hash('sha256', filled(400_000 + seed, seed))
    return join(vzfs.path, 'pool', digest.slice(0, 2), digest.slice(2))
  })
  const letGo = async (): Promise<void> => {
    for (const path of [hot, warm, ...cold]) {
      const fd = openSync(path ?? '', 'r')
      fsyncSync(fd)
      for (const deadline = Date.now() + 30_000; cache.residentPages(fd, 0, 500_000) > 0; await sleep(10)) {
        assert.ok(Date.now() < deadline)
        cache.letGo(fd)
      }
      closeSync(fd)
    }
  }
  await letGo()
  for (const id of [1, 2, 3]) await vzfs.areas.create(id, BASE + id * 65_536, ['a'], null)
  readFileSync(hot ?? '')
  const fd = openSync(warm ?? '', 'r')
  t.after(() => closeSync(fd))
  cache.readAhead(fd, 0, 200_000)
  await sleep(100)
  const { layers, resident, saved } = await vzfs.residency([1, 2], 1)
  const { stdout } = await run.run([
    'fincore',
    '--bytes',
    '--noheadings',
    '--output',
    'RES',
    ...[hot, warm, ...cold].map((path) => path ?? ''),
  ])
  const told = stdout
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + Number(line), 0)
  assert.deepEqual([resident, saved, layers[0]?.resident, layers[0]?.users], [told, told, told, 2])
  assert.deepEqual(layers[0]?.biggest, [{ path: '/f0', bytes: 400_000, resident: 98 * 4096 }])
  const three = await vzfs.residency([1, 2, 3])
  assert.equal(three.saved, 2 * told)
  const part = Math.round((2 * told) / 3)
  assert.deepEqual(
    three.areas,
    [1, 2, 3].map((id) => ({ id, resident: told, saved: part })),
  )
  assert.equal((await vzfs.residency([])).saved, 0)

  await vzfs.learn(['a'])
  await letGo()
  assert.equal((await vzfs.readAhead(['a'], 10_000_000)).files, 0, 'it was seen once')
  readFileSync(hot ?? '')
  await vzfs.learn(['a'])
  assert.equal((await vzfs.readAhead(['a'], 10_000_000)).files, 0, 'it is there')
  await letGo()
  assert.deepEqual((await vzfs.readAhead(['a'], 100)).files, 0)
  assert.equal((await vzfs.readAhead(['a'], 400_000)).files, 1)
  const inRam = async (): Promise<number> => (await vzfs.residency([1])).layers[0]?.residentFiles ?? 0
  for (const deadline = Date.now() + 30_000; (await inRam()) !== 1; await sleep(10)) assert.ok(Date.now() < deadline)
  assert.equal((await vzfs.residency([1], 4)).layers[0]?.biggest[0]?.path, '/f0')
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('what is in RAM of an area is also what came to be shared by its links, in parts that are together what is saved', async (t) => {
  const { vzfs } = await scratchVolume(t)
  const source = await vzfs.scratch()
  writeFileSync(join(source, 'layer'), filled(40_960, 1))
  await vzfs.layers.build('a', source)
  const all = { share: 'all' as const }
  for (const id of [1, 2, 3]) {
    await vzfs.areas.create(id, BASE + id * 65_536, ['a'], null)
    await inArea(vzfs, id, (root) => {
      if (id < 3) writeFileSync(join(root, 'brought'), filled(81_920, 2))
    })
    await vzfs.areas.survey(id, all)
  }
  for (const id of [1, 2]) await vzfs.areas.relink(id, all)
  for (const id of [1, 3])
    await inArea(vzfs, id, (root) => {
      readFileSync(join(root, 'layer'))
      if (id === 1) readFileSync(join(root, 'brought'))
    })
  const { areas, resident, saved } = await vzfs.residency([1, 2, 3])
  const [shared, brought] = [40_960, 81_920]
  const part = (2 * shared) / 3
  assert.deepEqual(areas, [
    { id: 1, resident: shared + brought, saved: Math.round(part + brought / 2) },
    { id: 2, resident: shared + brought, saved: Math.round(part + brought / 2) },
    { id: 3, resident: shared, saved: Math.round(part) },
  ])
  assert.deepEqual([resident, saved], [shared + brought, 2 * shared + brought])
  const alone = await vzfs.residency([1])
  assert.deepEqual([alone.areas, alone.saved], [[{ id: 1, resident: shared + brought, saved: 0 }], 0])
})
