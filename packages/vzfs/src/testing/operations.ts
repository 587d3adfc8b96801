/** All that is done with a volume and takes room on it, for tests in which there is none. */

import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { chownSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Vzfs } from '../vzfs.ts'
import { filled } from './awkward-tree.ts'
import { inArea } from './mounted-area.ts'

export const BASE = 4_100_000
const IDS = 65_536
const MIB = 1 << 20
export const all = { share: 'all' as const }
export const wish = (name: string) => ({ name, cause: 'asked' as const, comment: null, expiresAt: null, record: {} })
const large = filled(MIB + 1, 77)

export interface Operation {
  /** Makes what it needs, with room for everything. */
  readonly prepare?: (vzfs: Vzfs) => Promise<void>
  readonly perform: (vzfs: Vzfs, other: Vzfs) => Promise<unknown>
  /** After each refusal, and after a success. */
  readonly look?: (vzfs: Vzfs, done: boolean) => Promise<void>
  /** The refusal is the file system's own: who asked for it says what it is about. */
  readonly raw?: boolean
  /** What it takes at most: files, and pages. */
  readonly most: readonly [inodes: number, pages: number]
}

const layersOf = async (vzfs: Vzfs): Promise<string[]> => (await vzfs.layers.list()).map(({ name }) => name)
const poolPath = (vzfs: Vzfs, bytes: Buffer): string => {
  const digest = hash('sha256', bytes)
  return join(vzfs.path, 'pool', digest.slice(0, 2), digest.slice(2))
}

export const OPERATIONS: Readonly<Record<string, Operation>> = {
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
    raw: true,
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
  'a layer is made of an area': {
    perform: (vzfs) => vzfs.layerFromArea(1, 'made@1'),
    look: async (vzfs, done) => assert.equal((await layersOf(vzfs)).includes('made@1'), done),
    most: [80, 1_000],
  },
  'a layer comes from another volume': {
    perform: (vzfs, other) => vzfs.receive.layer('far@1', other.source),
    look: async (vzfs, done) => assert.equal((await layersOf(vzfs)).includes('far@1'), done),
    most: [40, 200],
  },
  'an area comes from another volume, with its links and snapshots': {
    perform: (vzfs, other) => vzfs.receive.area(other.source, 5, { moved: true }),
    look: async (vzfs, done) => {
      assert.equal((await vzfs.areas.show(5)) !== null, done)
      if (done)
        assert.deepEqual(
          (await vzfs.snapshots.list(5)).map(({ name }) => name),
          ['kept'],
        )
    },
    most: [120, 2_000],
  },
  'an area is copied from another volume': {
    perform: (vzfs, other) =>
      vzfs.receive.clone(other.source, { id: 5, snapshot: 'kept' }, { id: 3, base: BASE + 3 * IDS, record: {} }),
    look: async (vzfs, done) => assert.equal((await vzfs.areas.show(3)) !== null, done),
    most: [80, 2_000],
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
    raw: true,
    most: [20, 600],
  },
}

/** Two areas with the same private files over two builds of a template. */
export async function prepared(vzfs: Vzfs): Promise<void> {
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
      const owner = BASE + id * IDS
      for (const path of ['d', ...readdirSync(join(root, 'd')).map((name) => `d/${name}`)])
        chownSync(join(root, path), owner, owner)
    })
    await vzfs.areas.survey(id, all)
  }
}

/** An area with links, which its snapshot has too, and something of its own since. */
export async function preparedOther(other: Vzfs): Promise<void> {
  for (const name of ['os@1', 'far@1']) {
    const source = await other.scratch()
    writeFileSync(join(source, 'build'), filled(60_000, 50))
    await other.layers.build(name, source)
  }
  for (const id of [5, 6]) {
    await other.areas.create(id, BASE + id * IDS, ['os@1'], null)
    await inArea(other, id, (root) => writeFileSync(join(root, 'linked'), filled(300_000, 60)))
    await other.areas.survey(id, all)
  }
  await other.areas.relink(5, all)
  await other.snapshots.create(5, wish('kept'))
  await inArea(other, 5, (root) => writeFileSync(join(root, 'since'), filled(100_000, 61)))
}

/** What the template itself brings changes when it is another. */
export const withoutLayer = (found: ReadonlyMap<string, unknown>): Map<string, unknown> =>
  new Map([...found].filter(([path]) => path !== 'build' && path !== 'large'))
