/** An area that may share less than before gets files of its own again, in its account, all or nothing; and who has nothing new costs no thread. */

import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { hash } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { realFileCalls } from '@insula/kernel'
import { VzfsError } from '../errors.ts'
import { fillAwkwardTree, filled } from '../testing/awkward-tree.ts'
import { inArea, seen } from '../testing/mounted-area.ts'
import { scratchVolume } from '../testing/scratch-volume.ts'
import type { Vzfs } from '../vzfs.ts'
import type { Share } from './report.ts'

const BASE = 2_400_000
const files = realFileCalls()

/** Two areas with the same files, linked: some of tenants, one that a template of somebody else has, some of their own template. */
async function twoLinked(t: TestContext) {
  const { vzfs } = await scratchVolume(t, '/dev/shm')
  for (const [layer, fill] of [
    ['os@1', (root: string) => fillAwkwardTree(files, root)],
    ['other@1', (root: string) => writeFileSync(join(root, 'theirs'), filled(50_000, 5))],
  ] as const) {
    const source = await vzfs.scratch()
    fill(source)
    await vzfs.layers.build(layer, source)
  }
  for (const id of [1, 2]) {
    await vzfs.areas.create(id, BASE + id * 65_536, ['os@1'], null)
    await inArea(vzfs, id, (root) => {
      const at = (name: string): string => join(root, name)
      mkdirSync(at('opt/app'), { recursive: true })
      for (let file = 0; file < 4; file++) writeFileSync(at(`opt/app/f${file}`), filled(20_000, 90 + file))
      lchownSync(at('opt/app/f1'), BASE + id * 65_536 + 1000, BASE)
      chmodSync(at('opt/app/f1'), 0o4711)
      files.setXattr(Buffer.from(at('opt/app/f2')), 'user.note', Buffer.from([0, 255, 1]))
      files.setTimes(Buffer.from(at('opt/app')), 5n, 1_100_000_000_000_000_001n)
      writeFileSync(at('theirs'), filled(50_000, 5))
      writeFileSync(at('of-own-template'), filled(3_000_000, 3_000_000))
    })
  }
  for (const id of [1, 2]) await vzfs.areas.survey(id, { share: 'all' })
  for (const id of [1, 2]) assert.equal((await vzfs.areas.relink(id, { share: 'all' })).files, 6)
  return vzfs
}

const inUpper = (vzfs: Vzfs, name: string): boolean => existsSync(join(vzfs.path, 'areas/1/upper', name))

async function relinked(vzfs: Vzfs, share: Share) {
  const [before, other] = [await seen(vzfs, 1), await seen(vzfs, 2)]
  const report = await vzfs.areas.relink(1, { share })
  assert.deepEqual(await seen(vzfs, 1), before)
  assert.deepEqual(await seen(vzfs, 2), other)
  assert.deepEqual(
    readdirSync(join(vzfs.path, 'areas/1')).filter((name) => /\.new|\.old|relink/.test(name)),
    [],
  )
  assert.deepEqual(await vzfs.check({ contents: true }), [])
  return report
}

test('what others have is its own again, and what its template has stays a link', async (t) => {
  const vzfs = await twoLinked(t)
  const first = await relinked(vzfs, 'templates')
  assert.deepEqual([first.ownFiles, inUpper(vzfs, 'opt/app/f1'), inUpper(vzfs, 'theirs')], [4, true, false])
  assert.ok(first.ownBytes >= 80_000, JSON.stringify(first))
  const { uid, mode } = lstatSync(join(vzfs.path, 'areas/1/upper/opt/app/f1'))
  assert.deepEqual([uid, mode & 0o7777], [BASE + 65_536 + 1000, 0o4711])
  const second = await relinked(vzfs, 'none')
  assert.deepEqual([second.ownFiles, inUpper(vzfs, 'theirs'), inUpper(vzfs, 'of-own-template')], [1, true, false])
  assert.deepEqual((await relinked(vzfs, 'none')).ownFiles, 0)
  // And back: what it has is still what the other has.
  assert.equal((await relinked(vzfs, 'all')).files, 5)
})

test('contents that are lost are named, and nothing is changed', async (t) => {
  const vzfs = await twoLinked(t)
  const digest = hash('sha256', filled(20_000, 90))
  const lost = join(vzfs.path, 'pool', digest.slice(0, 2), digest.slice(2))
  renameSync(lost, `${vzfs.path}/lost`)
  const before = readdirSync(join(vzfs.path, 'areas/1'))
  await assert.rejects(vzfs.areas.relink(1, { share: 'none' }), (error) => {
    assert.ok(error instanceof VzfsError && error.code === 'damaged', String(error))
    assert.match(error.message, new RegExp(`area 1 shows contents that are lost, ${lost}: repair the volume first`))
    return true
  })
  assert.deepEqual([readdirSync(join(vzfs.path, 'areas/1')), inUpper(vzfs, 'opt/app/f1')], [before, false])
  renameSync(`${vzfs.path}/lost`, lost)
  assert.equal((await relinked(vzfs, 'none')).ownFiles, 5)
})

test('metadata copies, moved directories and files with several names get their contents back too', async (t) => {
  const vzfs = await twoLinked(t)
  await inArea(vzfs, 1, (root) => {
    const at = (name: string): string => join(root, name)
    chmodSync(at('opt/app/f0'), 0o600)
    linkSync(at('opt/app/f1'), at('again'))
    unlinkSync(at('opt/app/f2'))
    renameSync(at('opt/app'), at('moved'))
    mkdirSync(at('opt/app'))
    renameSync(at('srv'), at('opt/srv'))
    linkSync(at('theirs'), at('moved/theirs'))
  })
  const { ownFiles } = await relinked(vzfs, 'none')
  assert.equal(ownFiles, 4, 'f0, f1 and what was theirs, each once whatever its names; f3')
  for (const name of ['moved/f0', 'moved/f1', 'moved/f3', 'theirs'])
    assert.ok(lstatSync(join(vzfs.path, 'areas/1/upper', name)).blocks > 0, name)
  await inArea(vzfs, 1, (root) => {
    assert.equal(lstatSync(join(root, 'again')).ino, lstatSync(join(root, 'moved/f1')).ino)
    appendFileSync(join(root, 'again'), 'more')
    assert.equal(lstatSync(join(root, 'moved/f1')).size, 20_004)
  })
})

test('an area that nothing has been written to is not looked at again, and one that has is', async (t) => {
  const vzfs = await twoLinked(t)
  const links = (): bigint => lstatSync(join(vzfs.path, 'areas/1'), { bigint: true }).ctimeNs
  const untouched = links()
  const idle = await vzfs.areas.relink(1, { share: 'all' })
  assert.deepEqual([idle.files, idle.hashedFiles, links()], [0, 0, untouched])
  assert.ok(idle.linkedBytes > 3_000_000)
  // What changed less than a second before the last look is looked at once more.
  await sleep(1_100)
  await inArea(vzfs, 1, (root) => writeFileSync(join(root, 'nothing'), ''))
  await vzfs.areas.relink(1, { share: 'all' })
  const after = links()
  // Mounted, and nothing written that could be shared.
  await inArea(vzfs, 1, (root) => writeFileSync(join(root, 'another'), ''))
  const empty = await vzfs.areas.relink(1, { share: 'all' })
  assert.deepEqual([empty.files, empty.linkedBytes, links()], [0, idle.linkedBytes, after])
  // Another brings what this one has alone.
  await inArea(vzfs, 1, (root) => writeFileSync(join(root, 'alone'), filled(30_000, 33)))
  assert.equal((await vzfs.areas.relink(1, { share: 'all' })).hashedFiles, 1)
  await inArea(vzfs, 2, (root) => writeFileSync(join(root, 'too'), filled(30_000, 33)))
  await vzfs.areas.survey(2, { share: 'all' })
  assert.deepEqual((await vzfs.areas.relink(1, { share: 'all' })).files, 1)
  // A link that is not to be seen any more would keep its contents for ever.
  await inArea(vzfs, 1, (root) => unlinkSync(join(root, 'alone')))
  await vzfs.areas.relink(1, { share: 'all' })
  assert.ok(!existsSync(join(vzfs.path, 'areas/1/links/alone')))
})
