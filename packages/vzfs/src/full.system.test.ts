/**
 * A volume that becomes full in the middle of whatever is done with it: for each operation there is at first room for nothing, then for a little more each time,
 * until it succeeds. It says that there is no room, nothing is lost, nothing of it is left, and the next try works when there is room.
 */

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { hash } from 'node:crypto'
import { realProcessRunner } from '@insula/kernel'
import { errnoOf } from './errors.ts'
import { filled } from './testing/awkward-tree.ts'
import { poolOf } from './testing/fill.ts'
import { inArea, seen } from './testing/mounted-area.ts'
import { scratchVolume } from './testing/scratch-volume.ts'
import type { Vzfs } from './vzfs.ts'

const BASE = 4_100_000
const IDS = 65_536
const MIB = 1 << 20
const all = { share: 'all' as const }
const wish = (name: string) => ({ name, cause: 'asked' as const, comment: null, expiresAt: null, record: {} })
const large = filled(MIB + 1, 77)
const runner = realProcessRunner()
/** How much more room there is each time: 1.2 finds nearly every place where it can end. */
const GROWTH = Number(process.env['INSULA_TEST_FULL_GROWTH'] ?? 8)

interface Operation {
  /** Makes what it needs, with room for everything. */
  readonly prepare?: (vzfs: Vzfs) => Promise<void>
  readonly perform: (vzfs: Vzfs) => Promise<unknown>
  /** After each refusal, and after a success. */
  readonly look?: (vzfs: Vzfs, done: boolean) => Promise<void>
  /** What it takes at most: files, and pages. */
  readonly most: readonly [inodes: number, pages: number]
}

const layersOf = async (vzfs: Vzfs): Promise<string[]> => (await vzfs.layers.list()).map(({ name }) => name)
const poolPath = (vzfs: Vzfs, bytes: Buffer): string => {
  const digest = hash('sha256', bytes)
  return join(vzfs.path, 'pool', digest.slice(0, 2), digest.slice(2))
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'a layer is built': {
    async perform(vzfs) {
      const source = await vzfs.scratch()
      try {
        for (let file = 0; file < 6; file++) writeFileSync(join(source, `${file}`), filled(50_000, 900 + file))
        await vzfs.layers.build('new@1', source)
      } finally {
        await vzfs.discard(source)
      }
    },
    look: async (vzfs, done) => assert.equal((await layersOf(vzfs)).includes('new@1'), done),
    most: [60, 200],
  },
  'an area is made': {
    perform: (vzfs) => vzfs.areas.create(3, BASE + 3 * IDS, ['os@1'], { some: 'record' }),
    look: async (vzfs, done) => assert.equal((await vzfs.areas.show(3)) !== null, done),
    most: [20, 20],
  },
  'a record is written': {
    perform: (vzfs) => vzfs.areas.writeRecord(1, { newer: 'record' }),
    look: async (vzfs, done) => assert.deepEqual(await vzfs.areas.readRecord(1), done ? { newer: 'record' } : null),
    most: [8, 8],
  },
  'an area is relinked': { perform: (vzfs) => vzfs.areas.relink(1, all), most: [60, 2_000] },
  'an area gets its own copies again': {
    prepare: async (vzfs) => void (await vzfs.areas.relink(1, all)),
    perform: (vzfs) => vzfs.areas.relink(1, { share: 'none' }),
    most: [60, 4_000],
  },
  'an area moves to other layers': {
    perform: (vzfs) => vzfs.areas.rebase(1, ['os@2'], all),
    look: async (vzfs, done) => assert.deepEqual((await vzfs.areas.show(1))?.layers, [done ? 'os@2' : 'os@1']),
    most: [60, 2_000],
  },
  'a snapshot is made': {
    perform: (vzfs) => vzfs.snapshots.create(1, wish('made')),
    look: async (vzfs, done) => assert.equal((await vzfs.snapshots.list(1)).length, done ? 1 : 0),
    most: [60, 2_000],
  },
  'an area is rolled back': {
    async prepare(vzfs) {
      await vzfs.snapshots.create(1, wish('old'))
    },
    perform: (vzfs) => vzfs.snapshots.rollback(1, 'old', wish('before')),
    look: async (vzfs, done) => assert.equal((await vzfs.snapshots.list(1)).length, done ? 2 : 1),
    most: [60, 2_000],
  },
  'an area is copied': {
    perform: (vzfs) => vzfs.clone({ id: 1, snapshot: null }, { id: 3, base: BASE + 3 * IDS, record: {} }),
    look: async (vzfs, done) => assert.equal((await vzfs.areas.show(3)) !== null, done),
    most: [60, 2_000],
  },
  'damage is repaired': {
    async prepare(vzfs) {
      rmSync(poolPath(vzfs, large))
      writeFileSync(join(vzfs.path, '../bytes/large'), large)
    },
    async perform(vzfs) {
      const { damages } = await vzfs.repair({ from: [join(vzfs.path, '../bytes')] })
      assert.deepEqual(damages, [])
    },
    most: [20, 600],
  },
}

for (const [name, operation] of Object.entries(OPERATIONS))
  for (const what of ['inodes', 'pages'] as const)
    test(`while ${name}: no ${what === 'inodes' ? 'inode' : 'block'} left, at any point of it`, async (t) => {
      const place = join('/dev/shm', `insula-full-${process.pid}`)
      mkdirSync(place)
      await runner.run(['mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', place])
      const { vzfs } = await scratchVolume(t, place)
      t.after(async () => {
        await runner.run(['umount', place])
        rmSync(place, { recursive: true })
      })
      mkdirSync(join(vzfs.path, '../bytes'))
      await prepared(vzfs)
      await operation.prepare?.(vzfs)
      await vzfs.idle()
      const damaged = operation.perform === OPERATIONS['damage is repaired']?.perform
      const before = damaged ? null : await seen(vzfs, 1)
      const room = (free: number): Promise<unknown> => {
        const { blocks, bfree, files, ffree } = statfsSync(place)
        const options = what === 'inodes' ? `nr_inodes=${files - ffree + free}` : `size=${(blocks - bfree + free) * 4}k`
        return runner.run(['mount', '-o', `remount,${options}`, place])
      }
      const most = operation.most[what === 'inodes' ? 0 : 1]
      let refusals = 0
      for (let free = 0, done = false; !done; free = Math.max(free + 1, Math.ceil(free * GROWTH))) {
        assert.ok(free < most * GROWTH, `there was room for ${free} ${what}`)
        await room(free)
        await operation.perform(vzfs).then(
          () => (done = true),
          (error: unknown) => assert.ok(saysFull(error), String(error)),
        )
        await vzfs.idle()
        refusals += done ? 0 : 1
        await operation.look?.(vzfs, done)
        for (const part of ['tmp', 'trash']) assert.deepEqual(readdirSync(join(vzfs.path, part)), [], `${part}, ${free} ${what}`)
        assert.deepEqual(
          readdirSync(join(vzfs.path, 'areas/1')).filter((entry) => /relink|\.new|\.old|^rollback$/.test(entry)),
          [],
        )
        // To look takes no room on the volume, but to mount does.
        await runner.run(['mount', '-o', 'remount,size=64m,nr_inodes=100000', place])
        if (before !== null) assert.deepEqual(withoutLayer(await seen(vzfs, 1)), withoutLayer(before), `${free} ${what}`)
      }
      assert.deepEqual(await vzfs.check({ contents: true }), [])
      t.diagnostic(`${refusals} times there was no room`)
      assert.ok(refusals > 0)
    })

test('a full volume can be collected, and an area of it can go', async (t) => {
  const place = join('/dev/shm', `insula-full-${process.pid}`)
  mkdirSync(place)
  await runner.run(['mount', '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', place])
  const { vzfs } = await scratchVolume(t, place)
  t.after(async () => {
    await runner.run(['umount', place])
    rmSync(place, { recursive: true })
  })
  await prepared(vzfs)
  for (const id of [1, 2]) await vzfs.areas.relink(id, all)
  const { blocks, bfree, files, ffree } = statfsSync(place)
  await runner.run(['mount', '-o', `remount,size=${(blocks - bfree) * 4}k,nr_inodes=${files - ffree}`, place])
  for (const id of [1, 2]) await vzfs.areas.remove(id)
  await vzfs.layers.remove('os@1')
  await vzfs.idle()
  assert.equal((await vzfs.collect()).files, 5)
  assert.equal(poolOf(vzfs).length, 0)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

/** Two areas with the same private files over two builds of a template. */
async function prepared(vzfs: Vzfs): Promise<void> {
  for (const build of [1, 2]) {
    const source = await vzfs.scratch()
    writeFileSync(join(source, 'build'), `${build}`)
    if (build === 1) writeFileSync(join(source, 'large'), large)
    await vzfs.layers.build(`os@${build}`, source)
  }
  for (const id of [1, 2]) {
    await vzfs.areas.create(id, BASE + id * IDS, ['os@1'], null)
    await inArea(vzfs, id, (root) => {
      mkdirSync(join(root, 'd'))
      for (let file = 0; file < 4; file++) writeFileSync(join(root, 'd', `f${file}`), filled(200_000, file + 1))
    })
    await vzfs.areas.survey(id, all)
  }
}

/** What the template itself brings changes when it is another. */
const withoutLayer = (found: ReadonlyMap<string, unknown>): Map<string, unknown> =>
  new Map([...found].filter(([path]) => path !== 'build' && path !== 'large'))

function saysFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'no_space'].includes(errnoOf(error) ?? '')
}
