/** Links of an area, removed or changed by hand: a check finds it, a collection keeps what they named, a repair makes them again. */

import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { realFileCalls } from '@insula/kernel'
import { METACOPY, REDIRECT } from '../build/stub.ts'
import { fillAwkwardTree, filled } from '../testing/awkward-tree.ts'
import { inArea, seen } from '../testing/mounted-area.ts'
import { scratchVolume } from '../testing/scratch-volume.ts'
import { xfsDirectory } from '../testing/xfs-directory.ts'
import type { Vzfs } from '../vzfs.ts'
import { readLinks } from './record.ts'

const IDS = 65_536
const BASE = 100 * IDS
const files = realFileCalls()
const place = await xfsDirectory()
const all = { share: 'all' as const }
const wish = (name: string) => ({ name, cause: 'asked' as const, comment: null, expiresAt: null, record: null })

/** Area 1 with links of all sorts, which its snapshot has too. */
async function linked(t: TestContext): Promise<{ vzfs: Vzfs; area: string; links: string }> {
  const { vzfs } = await scratchVolume(t, place)
  const source = await vzfs.scratch()
  mkdirSync(join(source, 'usr/bin'), { recursive: true })
  writeFileSync(join(source, 'usr/bin/tool'), filled(9_000, 1))
  writeFileSync(join(source, 'usr/bin/small'), 'small')
  await vzfs.layers.build('os@1', source)
  for (const id of [1, 2]) {
    await vzfs.areas.create(id, BASE + id * IDS, ['os@1'], null)
    await inArea(vzfs, id, (root) => {
      mkdirSync(join(root, 'own'))
      fillAwkwardTree(files, join(root, 'own'))
      // One that is moved, one whose mode alone is changed, one that is made anew in place of the template's.
      renameSync(join(root, 'usr/bin/small'), join(root, 'usr/moved'))
      chmodSync(join(root, 'usr/moved'), 0o700)
      chmodSync(join(root, 'usr/bin/tool'), 0o4711)
      rmSync(join(root, 'usr/bin'), { recursive: true })
      mkdirSync(join(root, 'usr/bin'))
      writeFileSync(join(root, 'usr/bin/other'), filled(12_000, 2))
    })
    await vzfs.areas.survey(id, all)
  }
  for (const id of [1, 2]) await vzfs.areas.relink(id, all)
  await vzfs.snapshots.create(1, wish('kept'))
  const area = join(vzfs.path, 'areas/1')
  return { vzfs, area, links: join(area, 'links') }
}

const linesOf = (tree: string): string[] =>
  readLinks(files, tree).map(({ atime: _atime, inode: _inode, ...rest }) => JSON.stringify({ ...rest, mtime: `${rest.mtime}` }))

type Damages = Readonly<Record<string, (tree: string) => void>>
const bytes = (tree: string, path: string): Buffer => Buffer.from(join(tree, path))

/** By the path at which each is told. */
const SINGLE: Damages = {
  'own/srv/size-4096': (tree) => rmSync(join(tree, 'own/srv/size-4096')),
  'own/srv/size-4097': (tree) => files.setXattr(bytes(tree, 'own/srv/size-4097'), REDIRECT, Buffer.from(`/ab/${'c'.repeat(62)}`)),
  'own/srv/twin-b': (tree) => files.removeXattr(bytes(tree, 'own/srv/twin-b'), REDIRECT),
  'own/bin/su': (tree) => files.removeXattr(bytes(tree, 'own/bin/su'), METACOPY),
  'own/bin/ping': (tree) => files.removeXattr(bytes(tree, 'own/bin/ping'), 'security.capability'),
  'own/etc/labelled': (tree) => truncateSync(join(tree, 'own/etc/labelled'), 5_000),
  'own/srv/size-3000000': (tree) => {
    const path = join(tree, 'own/srv/size-3000000')
    const { atimeNs, mtimeNs } = lstatSync(path, { bigint: true })
    const fd = openSync(path, 'r+')
    writeSync(fd, 'data', 1_000_000)
    closeSync(fd)
    files.setTimes(Buffer.from(path), atimeNs, mtimeNs)
  },
  'own/etc/listed': (tree) => chownSync(join(tree, 'own/etc/listed'), BASE + IDS + 3, BASE + IDS + 3),
  own: (tree) => chmodSync(join(tree, 'own'), 0o700),
  'own/bin': (tree) => utimesSync(join(tree, 'own/bin'), 1, 1),
  'usr/bin': (tree) => files.removeXattr(bytes(tree, 'usr/bin'), 'trusted.overlay.opaque'),
  'own/srv/twin-a': (tree) => {
    rmSync(join(tree, 'own/srv/twin-a'))
    symlinkSync('/etc/passwd', join(tree, 'own/srv/twin-a'))
  },
  'own/srv/größe': (tree) => {
    rmSync(join(tree, 'own/srv/größe'))
    mkdirSync(join(tree, 'own/srv/größe/inside'), { recursive: true })
  },
  'own/more': (tree) => writeFileSync(join(tree, 'own/more'), filled(5_000, 5)),
}
const WHOLE: readonly Damages[] = [
  { '': (tree) => rmSync(tree, { recursive: true }) },
  {
    '': (tree) => {
      rmSync(tree, { recursive: true })
      writeFileSync(tree, 'x')
    },
  },
  {
    'own/etc': (tree) => {
      rmSync(join(tree, 'own/etc'), { recursive: true })
      symlinkSync('/etc', join(tree, 'own/etc'))
    },
  },
]

test('what was done to links by hand is found and put right, of an area, of a snapshot, of a copy and of one that moved', async (t) => {
  const { vzfs, area, links } = await linked(t)
  await vzfs.clone({ id: 1, snapshot: null }, { id: 3, base: BASE + 9 * IDS, record: null })
  const other = await scratchVolume(t)
  await other.vzfs.receive.layer('os@1', vzfs.source)
  await other.vzfs.receive.area(vzfs.source, 1, null)
  const here = [
    [1, links],
    [1, join(area, 'snapshots/kept/links')],
    [3, join(vzfs.path, 'areas/3/links')],
  ] as const
  const there = [
    [1, join(other.vzfs.path, 'areas/1/links')],
    [1, join(other.vzfs.path, 'areas/1/snapshots/kept/links')],
  ] as const
  const shown = await seen(vzfs, 1)
  /** These in each place at once. */
  const round = async (
    volume: Vzfs,
    places: readonly (readonly [id: number, tree: string])[],
    damages: Damages,
  ): Promise<void> => {
    const before = places.map(([, tree]) => linesOf(tree))
    for (const [, tree] of places) for (const damage of Object.values(damages)) damage(tree)
    const found = await volume.check()
    assert.ok(
      found.every(({ kind, repairable }) => repairable || kind === 'contents'),
      JSON.stringify(found),
    )
    const told = new Set(found.map(({ area: id, links: where, entry }) => `${id} ${where} ${entry}`))
    for (const [id, tree] of places)
      for (const path of Object.keys(damages)) {
        const where = tree.slice(join(volume.path, `areas/${id}/`).length)
        const name = Buffer.from(path).toString('latin1')
        assert.ok(told.has(`${id} ${where} ${name}`), `${path} of ${tree}`)
      }
    assert.deepEqual((await volume.repair()).damages, [])
    for (const [index, [, tree]] of places.entries()) assert.deepEqual(linesOf(tree), before[index], tree)
  }
  for (const volume of [vzfs, other.vzfs]) assert.deepEqual(await volume.check({ contents: true }), [])
  for (const damages of [SINGLE, ...WHOLE]) await round(vzfs, here, damages)
  await round(other.vzfs, there, SINGLE)
  assert.deepEqual(await seen(vzfs, 1), shown)
  await vzfs.snapshots.rollback(1, 'kept', wish('before'))
  assert.deepEqual(await vzfs.check({ contents: true }), [])
  rmSync(links, { recursive: true })
  rmSync(join(area, 'snapshots/before/links'), { recursive: true })
  assert.equal((await vzfs.check()).length, 2)
  assert.deepEqual((await vzfs.repair()).damages, [])
  assert.deepEqual(await seen(vzfs, 1), shown)
  for (const one of [1, 3]) await vzfs.areas.relink(one, { share: 'none' })
  assert.deepEqual(await seen(vzfs, 1), shown)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('contents that removed links named outlive a collection, and are no orphans', async (t) => {
  const { vzfs, links } = await linked(t)
  const shown = await seen(vzfs, 1)
  await vzfs.snapshots.remove(1, 'kept')
  await vzfs.areas.remove(2)
  await vzfs.idle()
  rmSync(links, { recursive: true })
  assert.equal((await vzfs.collect()).files, 0)
  assert.equal((await vzfs.examine()).orphans.files, 0)
  assert.deepEqual((await vzfs.repair()).damages, [])
  assert.deepEqual(await seen(vzfs, 1), shown)
  // Not for longer than they are wanted.
  await vzfs.areas.relink(1, { share: 'none' })
  assert.ok((await vzfs.collect()).files > 5)
  assert.deepEqual(await seen(vzfs, 1), shown)
})

test('a record that is damaged is told and written anew from what lies there, one that is missing is written by the next relink', async (t) => {
  const { vzfs, area, links } = await linked(t)
  const record = `${links}.zst`
  const before = readFileSync(record)
  for (const bytes of [Buffer.from('nothing'), before.subarray(0, before.length - 9)]) {
    writeFileSync(record, bytes)
    const [damage, ...others] = await vzfs.check()
    assert.deepEqual([damage?.kind, damage?.path, damage?.repairable, others], ['record', record, true, []])
    assert.deepEqual((await vzfs.repair()).damages, [])
    assert.ok(readFileSync(record).equals(before))
  }
  rmSync(record)
  assert.deepEqual(await vzfs.check(), [])
  await inArea(vzfs, 1, (root) => writeFileSync(join(root, 'more'), filled(70_000, 70)))
  await vzfs.areas.relink(1, all)
  assert.ok(existsSync(record))
  assert.deepEqual(
    readdirSync(area).filter((name) => name.includes('.new')),
    [],
  )
  assert.deepEqual(await vzfs.check(), [])
})

test('what else is missing below an area: its work directory is made again, what only its owner can know is told', async (t) => {
  const { vzfs, area } = await linked(t)
  rmSync(join(area, 'work'), { recursive: true })
  const [damage] = await vzfs.check()
  assert.deepEqual([damage?.kind, damage?.path, damage?.repairable], ['area-file', join(area, 'work'), true])
  assert.deepEqual((await vzfs.repair()).damages, [])
  await inArea(vzfs, 1, (root) => assert.ok(existsSync(join(root, 'own/srv/size-3000000'))))
  const kept = join(area, 'snapshots/kept')
  const info = readFileSync(join(kept, 'snapshot.json'))
  writeFileSync(join(kept, 'snapshot.json'), '{}')
  rmSync(join(kept, 'upper'), { recursive: true })
  const told = (await vzfs.check()).map(({ path, repairable }) => [path, repairable])
  assert.deepEqual(told, [
    [join(kept, 'upper'), false],
    [join(kept, 'snapshot.json'), false],
  ])
  rmSync(join(kept, 'snapshot.json'))
  assert.equal((await vzfs.repair()).damages.length, 2)
  writeFileSync(join(kept, 'snapshot.json'), info)
  mkdirSync(join(kept, 'upper'))
  assert.deepEqual(
    (await vzfs.check()).filter(({ kind }) => kind !== 'account'),
    [],
  )
})
