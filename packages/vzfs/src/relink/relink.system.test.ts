/** What a tenant sees before and after its private files became links, through the kernel's own overlay. */

import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { realFileCalls } from '@insula/kernel'
import { hashFile } from '../build/hash.ts'
import { poolKey } from '../names.ts'
import { fillAwkwardTree, filled } from '../testing/awkward-tree.ts'
import { inArea, seen } from '../testing/mounted-area.ts'
import { scratchVolume } from '../testing/scratch-volume.ts'
import type { Share } from './report.ts'
import type { Vzfs } from '../vzfs.ts'

const files = realFileCalls()
const BASE = 2_000_000
const baseOf = (id: number): number => BASE + id * 65_536

async function volumeOf(t: TestContext, areas = 2) {
  const { vzfs } = await scratchVolume(t)
  const source = await vzfs.scratch()
  fillAwkwardTree(files, source)
  await vzfs.layers.build('os@1', source)
  for (let id = 1; id <= areas; id++) await vzfs.areas.create(id, baseOf(id), ['os@1'], null)
  return vzfs
}

const upperOf = (vzfs: Vzfs, id: number, name = ''): string => join(vzfs.path, 'areas', String(id), 'upper', name)
const linksOf = (vzfs: Vzfs, id: number, name = ''): string => join(vzfs.path, 'areas', String(id), 'links', name)
const all = { share: 'all' as Share }

/** Nothing that can be seen has changed, and the area's work is cleared away. */
async function relinked(vzfs: Vzfs, id: number, share: Share = 'all') {
  const before = await seen(vzfs, id)
  const report = await vzfs.areas.relink(id, { share })
  assert.deepEqual(await seen(vzfs, id), before)
  assert.deepEqual(
    readdirSync(join(vzfs.path, 'areas', String(id))).filter((name) => /links\.(?:new|old)|relink/.test(name)),
    [],
  )
  return report
}

/** Things that a tenant does to a system: an upgrade, moves, removals, permissions. */
function change(root: string, base: number, seed = 50): void {
  const at = (name: string): string => join(root, name)
  mkdirSync(at('opt'))
  mkdirSync(at('opt/app'))
  for (let file = 0; file < 5; file++) writeFileSync(at(`opt/app/f${file}`), filled(10_000 + file, seed + file))
  lchownSync(at('opt/app/f1'), base + 1000, base + 1000)
  chmodSync(at('opt/app/f1'), 0o4711)
  // Version 3, with the area's root as its owner. capabilities(7)
  const rootId = Buffer.alloc(4)
  rootId.writeUInt32LE(base)
  const capability = Buffer.concat([Buffer.from(`0100000300200000${'00000000'.repeat(3)}`, 'hex'), rootId])
  files.setXattr(Buffer.from(at('opt/app/f2')), 'security.capability', capability)
  files.setXattr(Buffer.from(at('opt/app/f3')), 'user.note', Buffer.from([0, 255, 1]))
  const list = files.getXattr(Buffer.from(at('etc/listed')), 'system.posix_acl_access') ?? Buffer.alloc(0)
  files.setXattr(Buffer.from(at('opt/app/f4')), 'system.posix_acl_access', list)
  writeFileSync(Buffer.concat([Buffer.from(at('opt/app/')), Buffer.from([0xff, 0x0a, 0x22])]), filled(9000, seed + 9))
  files.setTimes(Buffer.from(at('opt/app/f0')), 1_000_000_001n, 1_234_567_890_123_456_789n)
  files.setTimes(Buffer.from(at('opt/app')), 5n, 1_100_000_000_000_000_001n)
  writeFileSync(at('opt/small'), 'small')
  writeFileSync(at('opt/unique'), `${base}`.repeat(2000))
  writeFileSync(at('opt/named-twice'), filled(20_000, seed + 20))
  linkSync(at('opt/named-twice'), at('opt/named-again'))
  symlinkSync('/opt/app/f0', at('opt/pointer'))

  appendFileSync(at('srv/twin-a'), 'more')
  chmodSync(at('srv/twin-b'), 0o640)
  chmodSync(at('etc/small-labelled'), 0o600)
  renameSync(at('etc/labelled'), at('labelled-elsewhere'))
  renameSync(at('etc/small-labelled'), at('opt/small-elsewhere'))
  linkSync(at('srv/size-3000000'), at('opt/hard'))
  renameSync(at('bin'), at('usr-bin'))
  mkdirSync(at('bin'))
  writeFileSync(at('bin/su'), filled(8000, seed + 30))
  rmSync(at('empty'), { recursive: true })
  writeFileSync(at('empty'), filled(7000, seed + 31))
  unlinkSync(at('srv/unreadable'))
  rmSync(at('srv/shared'), { recursive: true })
  mkdirSync(at('srv/shared'))
  writeFileSync(at('srv/shared/again'), filled(6000, seed + 32))
}

test('what two areas have becomes one, and each sees its own files as before', async (t) => {
  const vzfs = await volumeOf(t)
  for (const id of [1, 2]) await inArea(vzfs, id, (root) => change(root, baseOf(id)))
  // The first has nobody to share with yet, but for what the pool has; that changes when the second has been looked at.
  await vzfs.areas.survey(2, all)
  const first = await relinked(vzfs, 1)
  const second = await relinked(vzfs, 2)
  assert.ok(first.files >= 9 && first.bytes >= 80_000, JSON.stringify(first))
  assert.deepEqual([second.files, second.newPoolBytes], [first.files, 0])
  assert.ok(!existsSync(upperOf(vzfs, 1, 'opt/app/f0')))
  assert.ok(existsSync(upperOf(vzfs, 1, 'opt/named-twice')), 'a file with two names stays')
  assert.equal(lstatSync(linksOf(vzfs, 1, 'opt/app/f1')).uid, baseOf(1) + 1000)
  assert.deepEqual(await vzfs.check({ contents: true }), [])

  const again = await relinked(vzfs, 1)
  assert.deepEqual([again.files, again.hashedFiles, again.bytes], [0, 0, 0])
  assert.ok(again.linkedBytes >= first.bytes)
})

test('what is changed after a relink is private again, and the next relink takes it up', async (t) => {
  const vzfs = await volumeOf(t)
  for (const id of [1, 2]) await inArea(vzfs, id, (root) => change(root, baseOf(id)))
  for (const id of [1, 2]) await vzfs.areas.survey(id, all)
  for (const id of [1, 2]) await relinked(vzfs, id)
  const untouched = await seen(vzfs, 2)
  await inArea(vzfs, 1, (root) => {
    const at = (name: string): string => join(root, name)
    appendFileSync(at('opt/app/f0'), 'private')
    chmodSync(at('opt/app/f1'), 0o700)
    renameSync(at('opt/app/f2'), at('moved'))
    unlinkSync(at('opt/app/f3'))
    renameSync(at('opt'), at('opt-moved'))
    mkdirSync(at('opt'))
    mkdirSync(at('opt/app'))
    writeFileSync(at('opt/app/f4'), filled(5000, 3))
    renameSync(at('usr-bin'), at('opt/usr-bin'))
    renameSync(at('srv/shared'), at('shared'))
    rmSync(at('opt-moved/hard'))
    linkSync(at('opt-moved/app/f4'), at('f4-again'))
  })
  assert.deepEqual(await seen(vzfs, 2), untouched)
  for (let round = 0; round < 3; round++) await relinked(vzfs, 1)
  assert.deepEqual(await seen(vzfs, 2), untouched)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('a link has one name again when the relink is over', async (t) => {
  const vzfs = await volumeOf(t)
  for (const id of [1, 2]) await inArea(vzfs, id, (root) => change(root, baseOf(id)))
  await vzfs.areas.survey(2, all)
  await relinked(vzfs, 1)
  await inArea(vzfs, 1, (root) => writeFileSync(join(root, 'another'), filled(3_000_000, 3_000_000)))
  assert.equal((await relinked(vzfs, 1)).files, 1)
  assert.equal(lstatSync(linksOf(vzfs, 1, 'opt/app/f0')).nlink, 1)
})

test('who shares with templates alone, or with nobody, does just that', async (t) => {
  const vzfs = await volumeOf(t, 3)
  for (const id of [1, 2, 3])
    await inArea(vzfs, id, (root) => {
      writeFileSync(join(root, 'of-tenants'), filled(50_000, 77))
      cpSync(join(root, 'srv/size-3000000'), join(root, 'of-templates'))
    })
  const left = (id: number) => ['of-tenants', 'of-templates'].filter((name) => existsSync(upperOf(vzfs, id, name)))
  await vzfs.areas.survey(2, { share: 'templates' })
  await vzfs.areas.survey(3, { share: 'none' })
  await relinked(vzfs, 1)
  assert.deepEqual(left(1), ['of-tenants'], 'others with the same do not let it be known')
  await relinked(vzfs, 2, 'templates')
  assert.deepEqual(left(2), ['of-tenants'])
  const none = await relinked(vzfs, 3, 'none')
  assert.deepEqual([left(3), none.files, none.hashedFiles], [['of-tenants', 'of-templates'], 0, 0])
  await vzfs.areas.survey(3, all)
  await relinked(vzfs, 1)
  assert.deepEqual(left(1), [])
  await relinked(vzfs, 2, 'templates')
  assert.deepEqual(left(2), ['of-tenants'], 'what the pool has from tenants is not from a template')
})

test('bytes are compared before two files become one', async (t) => {
  const vzfs = await volumeOf(t)
  await inArea(vzfs, 1, (root) => cpSync(join(root, 'srv/size-3000000'), join(root, 'copy')))
  const kept = join(vzfs.path, 'pool', poolKey(hashFile(Buffer.from(upperOf(vzfs, 1, 'copy'))).toString('hex')))
  const bytes = readFileSync(kept)
  chmodSync(kept, 0o600)
  writeFileSync(kept, bytes.with(1_000_000, bytes.readUInt8(1_000_000) ^ 1))
  const report = await vzfs.areas.relink(1, all)
  assert.deepEqual([report.files, report.unlike], [0, ['copy']])
  assert.ok(readFileSync(upperOf(vzfs, 1, 'copy')).equals(bytes))
})

test('a sparse file stays sparse, and contents in the pool belong to nobody', async (t) => {
  const vzfs = await volumeOf(t)
  for (const id of [1, 2])
    await inArea(vzfs, id, (root) => {
      const fd = openSync(join(root, 'sparse'), 'w')
      writeSync(fd, 'head')
      writeSync(fd, 'island', 900 << 10)
      closeSync(fd)
      files.setXattr(Buffer.from(join(root, 'sparse')), 'user.note', Buffer.from('x'))
    })
  await vzfs.areas.survey(2, all)
  await relinked(vzfs, 1)
  await relinked(vzfs, 2)
  const key = files.getXattr(Buffer.from(linksOf(vzfs, 1, 'sparse')), 'trusted.overlay.redirect')?.toString() ?? ''
  const kept = join(vzfs.path, 'pool', key)
  const { blocks, uid, gid, mode, size } = statSync(kept)
  assert.ok(blocks * 512 < 1 << 17 && size > 900 << 10)
  assert.deepEqual([uid, gid, mode & 0o7777], [0, 0, 0o444])
  assert.deepEqual(files.listXattrs(Buffer.from(kept)), [])
})

test('a directory that lost all that was linked in it is empty', async (t) => {
  const vzfs = await volumeOf(t)
  await inArea(vzfs, 1, (root) => {
    mkdirSync(join(root, 'opt/app'), { recursive: true })
    writeFileSync(join(root, 'opt/app/f'), filled(3_000_000, 3_000_000))
  })
  assert.equal((await relinked(vzfs, 1)).files, 1)
  await inArea(vzfs, 1, (root) => unlinkSync(join(root, 'opt/app/f')))
  await relinked(vzfs, 1)
  await inArea(vzfs, 1, (root) => assert.deepEqual(readdirSync(join(root, 'opt/app')), []))
})

test('paths that are too long for one call are left as they are, unless what they need is moved', async (t) => {
  const vzfs = await volumeOf(t)
  const deep = 'd'.repeat(200)
  await inArea(vzfs, 1, (root) => {
    // Made from the inside out, as a tenant does it.
    mkdirSync(join(root, 'outer'))
    let inner = join(root, 'outer/x')
    mkdirSync(inner)
    writeFileSync(join(inner, 'private'), filled(3_000_000, 3_000_000))
    for (let level = 0; level < 25; level++) {
      const around = join(root, `outer/around-${level}`)
      mkdirSync(around)
      renameSync(inner, join(around, deep))
      inner = around
    }
    writeFileSync(join(root, 'copy'), filled(3_000_000, 3_000_000))
  })
  const report = await vzfs.areas.relink(1, all)
  assert.equal(report.files, 1)
  await inArea(vzfs, 1, (root) => {
    renameSync(join(root, 'srv/twin-a'), join(root, 'outer/around-24/twin'))
    renameSync(join(root, 'outer/around-24'), join(root, 'outer/end'))
  })
  await vzfs.areas.relink(1, all)
  await inArea(vzfs, 1, (root) => assert.ok(readFileSync(join(root, 'outer/end/twin')).equals(filled(9000, 7))))
  // Whoever deletes by paths cannot.
  await vzfs.areas.remove(1)
  await vzfs.idle()
})

test('a metadata copy with two names stays one file, also where its path is longer than overlayfs writes', async (t) => {
  const vzfs = await volumeOf(t)
  const deep = ['d'.repeat(200), 'e'.repeat(200)].join('/')
  await inArea(vzfs, 1, (root) => {
    mkdirSync(join(root, deep), { recursive: true })
    linkSync(join(root, 'srv/twin-a'), join(root, deep, 'first'))
    linkSync(join(root, deep, 'first'), join(root, deep, 'second'))
    unlinkSync(join(root, 'srv/twin-a'))
    // Without anything to be won nothing is done.
    writeFileSync(join(root, 'copy'), filled(3_000_000, 3_000_000))
  })
  for (let round = 0; round < 2; round++) await relinked(vzfs, 1)
  assert.ok(existsSync(upperOf(vzfs, 1, `${deep}/second`)) && existsSync(linksOf(vzfs, 1, `${deep}/first`)))
  await inArea(vzfs, 1, (root) => {
    assert.equal(lstatSync(join(root, deep, 'second')).nlink, 2)
    assert.ok(readFileSync(join(root, deep, 'second')).equals(filled(9000, 7)))
  })
})

test('what the index tells of a file is not believed when its contents come into the pool', async (t) => {
  const vzfs = await volumeOf(t)
  const [mine, its] = [filled(70_000, 90), filled(70_000, 91)]
  await inArea(vzfs, 1, (root) => writeFileSync(join(root, 'file'), mine))
  await inArea(vzfs, 2, (root) => writeFileSync(join(root, 'file'), its))
  for (const id of [1, 2]) await vzfs.areas.survey(id, all)
  // As after a loss of power that took back what the file had when it was read.
  using index = new DatabaseSync(join(vzfs.path, 'index.db'))
  const changed = index.prepare('update file set digest = ? where area = 1 and digest = ?')
  assert.equal(changed.run(hash('sha256', its, 'buffer'), hash('sha256', mine, 'buffer')).changes, 1)
  assert.equal((await relinked(vzfs, 1)).files, 0)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
  assert.ok(readFileSync(upperOf(vzfs, 1, 'file')).equals(mine))
  await inArea(vzfs, 1, (root) => writeFileSync(join(root, 'other'), its))
  assert.deepEqual([(await relinked(vzfs, 1)).files, (await relinked(vzfs, 2)).files], [1, 1])
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})
