/** A relink that cannot go on, or is told to stop: an error that says why, and nothing has changed. */

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startAttached } from '@insula/kernel'
import { VzfsError } from '../errors.ts'
import { filled } from '../testing/awkward-tree.ts'
import { inArea, seen } from '../testing/mounted-area.ts'
import { scratchVolume } from '../testing/scratch-volume.ts'
import type { RelinkReport } from './report.ts'
import type { Vzfs } from '../vzfs.ts'

const BASE = 3_900_000
const MIB = 1 << 20
const all = { share: 'all' as const }
const full = (error: unknown): boolean =>
  error instanceof VzfsError && error.message === 'cannot relink area 1: the volume is full; nothing has changed'

async function run(...argv: [string, ...string[]]): Promise<void> {
  const { code } = await startAttached(argv, { descriptors: ['null', 'null', 2] }).ended
  assert.equal(code, 0, argv.join(' '))
}

/** Two areas with the same files, on a file system of that size. */
async function twoAreas(t: TestContext, mebibytes: number) {
  const place = join('/dev/shm', `insula-small-${process.pid}-${mebibytes}`)
  mkdirSync(place)
  await run('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', place)
  const { vzfs } = await scratchVolume(t, place)
  t.after(async () => {
    await run('umount', place)
    await run('rmdir', place)
  })
  const source = await vzfs.scratch()
  writeFileSync(join(source, 'template'), 'x')
  await vzfs.layers.build('os@1', source)
  for (const id of [1, 2]) {
    await vzfs.areas.create(id, BASE + id * 65_536, ['os@1'], null)
    await inArea(vzfs, id, (root) => {
      for (let file = 0; file < 4; file++) writeFileSync(join(root, `f${file}`), filled(2 * MIB, file + 1))
    })
    await vzfs.areas.survey(id, all)
  }
  return { vzfs, place }
}

async function unchanged(
  vzfs: Vzfs,
  body: () => Promise<unknown>,
  left = ['area.json', 'record.json', 'upper', 'work'],
): Promise<void> {
  const before = await seen(vzfs, 1)
  await body()
  assert.deepEqual(readdirSync(join(vzfs.path, 'areas/1')), left)
  await vzfs.idle()
  assert.deepEqual(readdirSync(join(vzfs.path, 'tmp')), [])
  assert.deepEqual(await seen(vzfs, 1), before)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
}

test('a volume without room for what the pool has not yet', async (t) => {
  const { vzfs, place } = await twoAreas(t, 22)
  await unchanged(vzfs, () => assert.rejects(vzfs.areas.relink(1, all), (error) => full(error)))
  await run('mount', '-o', 'remount,size=40m', place)
  assert.equal((await vzfs.areas.relink(1, all)).files, 4)
})

test('an abort while files are read', async (t) => {
  const { vzfs } = await twoAreas(t, 256)
  const controller = new AbortController()
  const reason = new Error('on purpose')
  const signal = controller.signal
  // Read after the first, which is when the abort is sent: more than can be read until it arrives.
  await inArea(vzfs, 1, (root) => {
    for (let file = 0; file < 160; file++) writeFileSync(join(root, `unread${file}`), filled(MIB, file + 9))
  })
  await unchanged(vzfs, () =>
    assert.rejects(
      vzfs.areas.relink(1, { ...all, signal, progress: () => controller.abort(reason) }),
      (error) => error === reason,
    ),
  )
  assert.equal((await vzfs.areas.relink(1, all)).files, 4)
})

test('a volume or an area without room for copies of its own', async (t) => {
  const { vzfs, place } = await twoAreas(t, 60)
  for (const id of [1, 2]) assert.equal((await vzfs.areas.relink(id, all)).files, 4)
  const unshared = (): Promise<unknown> => vzfs.areas.relink(1, { share: 'none' })
  const left = readdirSync(join(vzfs.path, 'areas/1'))
  const refused = (why: RegExp): Promise<void> =>
    unchanged(
      vzfs,
      () =>
        assert.rejects(unshared, (error) => error instanceof VzfsError && error.code === 'no_space' && why.test(error.message)),
      left,
    )
  await run('mount', '-o', 'remount,size=15m', place)
  await refused(/copies of its own of what it shares \(8.0 MiB\): the volume has no more than .* if a twentieth is to be left/)
  // Room for what is looked at first, and not for all that is made.
  await vzfs.idle()
  const { files, ffree } = statfsSync(place)
  await run('mount', '-o', `remount,size=60m,nr_inodes=${files - ffree + 40}`, place)
  const spare = join(place, 'spare')
  mkdirSync(spare)
  // Enough for what a relink begins with, and not for all four.
  for (let free = statfsSync(place).ffree; free > 6; free--) writeFileSync(join(spare, `${free}`), '')
  await refused(/cannot relink area 1: the volume is full/)
  await run('rm', '-r', spare)
  assert.equal(((await unshared()) as RelinkReport).ownFiles, 4)
})
