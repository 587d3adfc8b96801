import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { realFileCalls } from '@insula/kernel'
import { VzfsError } from '../errors.ts'
import { filled } from '../testing/awkward-tree.ts'
import { layerOf, poolOf, putStub } from '../testing/fill.ts'
import { scratchVolume } from '../testing/scratch-volume.ts'
import type { Collected } from '../reports.ts'

const files = realFileCalls()
const digestOf = (seed: number): string => hash('sha256', filled(6000, seed))
const digests = (...seeds: number[]): string[] => seeds.map(digestOf).toSorted()

test('what no layer names is deleted, with directories that are empty then; what another layer names stays', async (t) => {
  const { vzfs } = await scratchVolume(t)
  await layerOf(vzfs, 'a', [1, 2, 3])
  await layerOf(vzfs, 'b', [3, 4])
  await vzfs.layers.remove('a')
  const dry = await vzfs.collect({ dryRun: true })
  assert.equal(poolOf(vzfs).length, 4)
  const steps: string[] = []
  const done = await vzfs.collect({ progress: (step, now, total) => steps.push(`${step} ${now}/${total}`) })
  assert.deepEqual(dry, { ...done, dryRun: true })
  assert.deepEqual(done, { files: 2, bytes: 2 * 8192, dryRun: false })
  assert.deepEqual(steps, ['reading layers 1/1', 'deleting 2/2'])
  assert.deepEqual(poolOf(vzfs).toSorted(), digests(3, 4))
  assert.ok(readdirSync(join(vzfs.path, 'pool')).every((prefix) => readdirSync(join(vzfs.path, 'pool', prefix)).length > 0))
  assert.deepEqual(await vzfs.check({ contents: true }), [])
  assert.deepEqual(await vzfs.collect(), { files: 0, bytes: 0, dryRun: false })
})

test("stubs in an area's own layer, and in its snapshots, keep their contents", async (t) => {
  const { vzfs } = await scratchVolume(t)
  await layerOf(vzfs, 'a', [1, 2, 3])
  await layerOf(vzfs, 'b', [])
  await vzfs.areas.create(7, 500_000, ['b'], null)
  const deep = Array.from({ length: 40 }, () => 'd'.repeat(120)).join('/')
  const links = join(vzfs.path, 'areas/7/links')
  putStub(files, join(vzfs.path, 'areas/7/snapshots/before/links/etc/y'), digestOf(2))
  // Longer than the kernel takes in one call.
  mkdirSync(join(links, deep.slice(0, 2_400)), { recursive: true })
  mkdirSync(join(vzfs.path, 'deep', deep.slice(0, 2_400)), { recursive: true })
  putStub(files, join(vzfs.path, 'deep', deep.slice(0, 2_400), 'x'), digestOf(1))
  renameSync(join(vzfs.path, 'deep'), join(links, deep.slice(0, 2_400), 'deeper'))
  await vzfs.layers.remove('a')
  await vzfs.collect()
  assert.deepEqual(poolOf(vzfs).toSorted(), digests(1, 2))
  // Whoever cleans up after the test could not.
  await vzfs.areas.remove(7)
  await vzfs.idle()
})

test('what a rollback or a relink was moving when it was cut off is kept, also while nobody can read what is left to be done', async (t) => {
  const { vzfs } = await scratchVolume(t)
  await layerOf(vzfs, 'a', [1, 2, 3, 4, 5])
  await layerOf(vzfs, 'b', [])
  await vzfs.areas.create(7, 500_000, ['b'], null)
  const area = join(vzfs.path, 'areas/7')
  for (const [index, links] of ['rollback/links', 'rollback/before/links', 'links.new', 'links.old'].entries())
    putStub(files, join(area, links, 'x'), digestOf(index + 1))
  const journals = ['relink.json', 'rollback/journal.json'].map((name) => join(area, name))
  for (const journal of journals) writeFileSync(journal, '{')
  await vzfs.layers.remove('a')
  await vzfs.collect()
  assert.deepEqual(poolOf(vzfs).toSorted(), digests(1, 2, 3, 4))
  await assert.rejects(vzfs.areas.plan(7), { code: 'damaged' })
  assert.deepEqual(
    (await vzfs.check()).map(({ path, problem, repairable }) => [path, problem.startsWith(path), repairable]),
    [
      [journals[0], true, false],
      [join(area, 'rollback'), true, false],
    ],
  )
})

test('a layer that an earlier version built gets its record now, and keeps its contents', async (t) => {
  const { vzfs } = await scratchVolume(t)
  await layerOf(vzfs, 'a', [1, 2])
  const record = join(vzfs.path, 'layers/a/entries.zst')
  for (const spoil of [() => rmSync(record), () => writeFileSync(record, 'not a record')]) {
    spoil()
    assert.equal((await vzfs.collect()).files, 0)
    assert.deepEqual(readdirSync(join(vzfs.path, 'layers/a')).toSorted(), ['entries.zst', 'layer.json', 'tree'])
  }
})

test('nothing is deleted while it cannot be told what is named', async (t) => {
  const { vzfs } = await scratchVolume(t)
  await layerOf(vzfs, 'a', [1])
  await layerOf(vzfs, 'b', [2])
  await vzfs.layers.remove('b')
  const refused = (error: unknown): boolean => error instanceof VzfsError && error.code === 'damaged'
  writeFileSync(join(vzfs.path, 'layers/a/layer.json'), '{')
  await assert.rejects(vzfs.collect(), refused)
  rmSync(join(vzfs.path, 'layers/a/layer.json'))
  await assert.rejects(vzfs.collect(), refused)
  assert.equal(poolOf(vzfs).length, 2)
})

test('what is no contents goes from the pool, and damaged contents that nobody needs', async (t) => {
  const { vzfs } = await scratchVolume(t)
  await layerOf(vzfs, 'a', [1, 2])
  const at = (...parts: string[]): string => join(vzfs.path, ...parts)
  for (const name of ['pool/stray', `pool/${digestOf(1).slice(0, 2)}/x.tmp`]) writeFileSync(at(name), 'x')
  mkdirSync(at('pool/zz'))
  writeFileSync(at('pool-quarantine', digestOf(1)), 'damaged, and there is a sound one')
  writeFileSync(at('pool-quarantine', digestOf(3)), 'damaged, and nobody names it')
  renameSync(at('pool', digestOf(2).slice(0, 2), digestOf(2).slice(2)), at('pool-quarantine', digestOf(2)))
  assert.equal((await vzfs.collect()).files, 2)
  assert.deepEqual(poolOf(vzfs), digests(1))
  assert.deepEqual(readdirSync(at('pool-quarantine')), digests(2))
})

test('a collection that is cancelled says so', async (t) => {
  const { vzfs } = await scratchVolume(t)
  await layerOf(vzfs, 'a', [1])
  const signal = AbortSignal.abort(new Error('enough'))
  await assert.rejects(vzfs.collect({ signal }), /enough/)
})

test('what begins to be named after it was looked for stays: by a new layer, and by a tree that was there', async (t) => {
  const { vzfs } = await scratchVolume(t)
  await layerOf(vzfs, 'a', [1, 2, 3])
  await layerOf(vzfs, 'b', [])
  await vzfs.areas.create(7, 500_000, ['b'], null)
  await vzfs.layers.remove('a')
  // Long enough ago for its sign to be believed.
  await setTimeout(2_100)
  const building: Promise<unknown>[] = []
  const progress = (step: string, done: number, total: number): void => {
    if (step !== 'reading layers' || done < total) return
    putStub(files, join(vzfs.path, 'areas/7/links/x'), digestOf(2))
    building.push(layerOf(vzfs, 'c', [1]))
  }
  const collected = await vzfs.collect({ progress })
  await Promise.all(building)
  assert.equal(building.length, 1)
  assert.deepEqual(poolOf(vzfs).toSorted(), digests(1, 2))
  assert.deepEqual(await vzfs.check({ contents: true }), [])
  // Whether the build came before the deletions, or had to bring its contents again, is a matter of moments.
  assert.ok([1, 2].includes(collected.files), `${collected.files} files`)
})

test('a collection waits for a build that has put its contents into the pool and is not named yet', async (t) => {
  const { vzfs } = await scratchVolume(t)
  const source = await vzfs.scratch()
  for (let seed = 0; seed < 1_500; seed++) writeFileSync(join(source, `f${seed}`), `${seed}`.padEnd(5_000, '.'))
  let collecting: Promise<Collected> | null = null
  await vzfs.layers.build('a', source, { progress: (done) => void (done > 1_600 && (collecting ??= vzfs.collect())) })
  assert.ok(collecting)
  assert.equal((await (collecting as Promise<Collected>)).files, 0)
  assert.deepEqual(await vzfs.check(), [])
})

test('beside builds and removals that share contents, in any order, nothing that is named is ever deleted', async (t) => {
  const { vzfs } = await scratchVolume(t)
  let over = false
  let collected = 0
  const collecting = (async () => {
    while (!over) collected += (await vzfs.collect()).files
  })()
  const worker = async (name: string): Promise<void> => {
    for (let round = 0; round < 12; round++) {
      const seeds = Array.from({ length: 8 }, (_, index) => (round * 3 + index * 7) % 24)
      await layerOf(vzfs, `${name}${round}`, seeds)
      if (round > 0) await vzfs.layers.remove(`${name}${round - 1}`)
    }
  }
  try {
    await Promise.all([worker('a'), worker('b')])
  } finally {
    over = true
    await collecting
  }
  assert.deepEqual(await vzfs.check({ contents: true }), [])
  for (const layer of await vzfs.layers.list()) await vzfs.layers.remove(layer.name)
  collected += (await vzfs.collect()).files
  assert.deepEqual(poolOf(vzfs), [])
  t.diagnostic(`${collected} contents collected`)
  assert.ok(collected >= 24)
})
