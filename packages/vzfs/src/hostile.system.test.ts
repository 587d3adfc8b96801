/** What a tenant does to his own files so that whoever has the care of them fails, never ends, or harms somebody else. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import {
  appendFileSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openPipe, realFileCalls, startAttached } from '@insula/kernel'
import { diskUse, NeverStill } from './disk-use.ts'
import { VzfsError } from './errors.ts'
import { filled } from './testing/awkward-tree.ts'
import { imprint } from './testing/imprint.ts'
import { inArea, seen } from './testing/mounted-area.ts'
import { xfsVolume } from './testing/xfs-volume.ts'

const IDS = 65_536
const BASE = 4_300_000
const all = { share: 'all' as const }
const files = realFileCalls()
const wish = (name: string) => ({ name, cause: 'asked' as const, comment: null, expiresAt: null, record: null })

/** Area 1 is the tenant's, area 2 his neighbour's, who has the same program. */
async function neighbours(t: TestContext) {
  const volume = await xfsVolume()
  t.after(() => volume[Symbol.asyncDispose]())
  const { vzfs } = volume
  const source = await vzfs.scratch()
  mkdirSync(join(source, 'bin'))
  writeFileSync(join(source, 'bin/program'), filled(50_000, 1))
  await vzfs.layers.build('os@1', source)
  for (const id of [1, 2]) {
    await vzfs.areas.create(id, BASE + id * IDS, ['os@1'], null)
    await inArea(vzfs, id, (root) => writeFileSync(join(root, 'own'), filled(60_000, 2)))
  }
  return volume
}

test('files as long as the kernel takes them are never read, and counted as far as numbers go', async (t) => {
  const { vzfs } = await neighbours(t)
  await inArea(vzfs, 1, (root) => {
    for (const name of ['bomb', 'another']) {
      writeFileSync(join(root, name), filled(10_000, 3))
      execFileSync('truncate', ['--size=7E', join(root, name)])
    }
  })
  for (const id of [1, 2]) await vzfs.areas.survey(id, all)
  const { hashedBytes } = await vzfs.areas.relink(1, all)
  assert.ok(hashedBytes < 1_000_000, `${hashedBytes}`)
  await vzfs.snapshots.create(1, wish('kept'))
  await vzfs.clone({ id: 1, snapshot: 'kept' }, { id: 3, base: BASE + 3 * IDS, record: null })
  await vzfs.snapshots.rollback(1, 'kept', wish('before'))
  await inArea(vzfs, 3, (root) => {
    const fd = openSync(join(root, 'bomb'), 'r')
    const start = Buffer.alloc(10_000)
    readSync(fd, start, 0, start.length, 0)
    closeSync(fd)
    assert.ok(start.equals(filled(10_000, 3)))
  })
  const { areas } = await vzfs.space()
  assert.ok(areas.every(({ apparent }) => Number.isSafeInteger(apparent)))
  assert.ok((areas.find(({ id }) => id === 2)?.apparent ?? 0) < 1_000_000)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('names, links, lists and attributes of all sorts keep nothing from being shared, kept, copied or checked', async (t) => {
  const { vzfs, beside } = await neighbours(t)
  writeFileSync(join(beside, 'secret'), filled(70_000, 4))
  await inArea(vzfs, 1, (root) => {
    const at = (name: string): string => join(root, name)
    files.makeNode(Buffer.from(at('fifo')), 0o010644, 0)
    files.makeNode(Buffer.from(at('socket')), 0o140644, 0)
    mkdirSync(at('names'))
    for (const bytes of [[0xff, 0x0a], [0x2d, 0x72, 0x66], [0xc3], [0x24, 0x28, 0x69, 0x64, 0x29], [0x20], [0x5c, 0x30]])
      writeFileSync(Buffer.concat([Buffer.from(at('names/')), Buffer.from(bytes)]), filled(60_000, 2))
    writeFileSync(Buffer.concat([Buffer.from(at('names/')), Buffer.alloc(255, 0xfe)]), filled(60_000, 2))
    writeFileSync(at('many'), filled(60_000, 2), { mode: 0o6755 })
    for (let nth = 0; nth < 2_000; nth++) linkSync(at('many'), at(`names/many-${nth}`))
    symlinkSync('loop', at('loop'))
    mkdirSync(at('closed'), { mode: 0o000 })
    writeFileSync(at('closed/file'), filled(60_000, 2), { mode: 0o000 })
    symlinkSync(beside, at('outside'))
    symlinkSync(join(beside, 'secret'), at('secret'))
    rmSync(at('bin'), { recursive: true })
    symlinkSync(beside, at('bin'))
    writeFileSync(at('\u001b]0;mine\u0007\nrepaired everything'), filled(60_000, 2))
    writeFileSync(at('late'), filled(60_000, 2))
    files.setTimes(Buffer.from(at('late')), -(2n ** 31n) * 1_000_000_000n, 16_000_000_000n * 1_000_000_000n)
    writeFileSync(at('burdened'), filled(60_000, 2))
    for (let nth = 0; nth < 40; nth++)
      files.setXattr(Buffer.from(at('burdened')), `user.${`${nth}`.padStart(4, '0')}${'n'.repeat(200)}`, filled(1_000, nth))
    files.setXattr(Buffer.from(at('burdened')), 'user.heavy', filled(60_000, 5))
  })
  const [before, neighbour] = [await seen(vzfs, 1), await seen(vzfs, 2)]
  const pool = imprint(vzfs.path, ['layers'])
  for (const id of [1, 2]) await vzfs.areas.survey(id, all)
  assert.ok((await vzfs.areas.relink(1, all)).files >= 4)
  await vzfs.areas.relink(2, all)
  assert.deepEqual(await seen(vzfs, 1), before)
  await vzfs.snapshots.create(1, wish('kept'))
  await vzfs.snapshots.rollback(1, 'kept', wish('back'))
  assert.deepEqual(await seen(vzfs, 1), before)
  await vzfs.clone({ id: 1, snapshot: null }, { id: 3, base: BASE + 3 * IDS, record: null })
  await vzfs.areas.relink(1, { share: 'none' })
  assert.deepEqual(await seen(vzfs, 1), before)
  assert.deepEqual([await seen(vzfs, 2), imprint(vzfs.path, ['layers'])], [neighbour, pool])
  await vzfs.collect()
  await vzfs.space()
  assert.deepEqual(await vzfs.check({ contents: true }), [])
  assert.ok(readFileSync(join(beside, 'secret')).equals(filled(70_000, 4)))
  for (const id of [1, 3]) await vzfs.areas.remove(id)
  await vzfs.idle()
})

test('more names of attributes than the kernel lists keep a file from nothing but becoming part of a layer, and nobody else from anything', async (t) => {
  const { vzfs } = await neighbours(t)
  const nameOf = (nth: number): string => `user.${`${nth}`.padStart(4, '0')}${'n'.repeat(240)}`
  const owner = BASE + IDS
  await inArea(vzfs, 1, (root) => {
    mkdirSync(join(root, 'directory'))
    for (const name of ['own', 'directory']) {
      const path = Buffer.from(join(root, name))
      for (let nth = 0; nth < 300; nth++) files.setXattr(path, nameOf(nth), Buffer.of(nth & 0xff))
      chownSync(path, owner + 1000, owner + 1000)
      // The kernel has no way to tell them here.
      assert.throws(() => files.listXattrs(path), { code: 'E2BIG' })
    }
  })
  const whole = (tree: string, base: number): void => {
    for (const name of ['own', 'directory']) {
      const path = Buffer.from(join(vzfs.path, tree, name))
      const listed = files.listXattrs(path).filter((one) => one.startsWith('user.'))
      assert.deepEqual(
        listed,
        Array.from({ length: 300 }, (_, nth) => nameOf(nth)),
        `${tree}/${name}`,
      )
      for (const nth of [0, 150, 299]) assert.deepEqual(files.getXattr(path, nameOf(nth)), Buffer.of(nth & 0xff))
      assert.equal(lstatSync(path).uid, base + 1000)
    }
  }
  for (const id of [1, 2]) await vzfs.areas.survey(id, all)
  await vzfs.snapshots.create(1, wish('kept'))
  await vzfs.clone({ id: 1, snapshot: null }, { id: 3, base: BASE + 3 * IDS, record: null })
  whole('areas/1/snapshots/kept/upper', owner)
  whole('areas/3/upper', BASE + 3 * IDS)
  assert.equal((await vzfs.areas.relink(1, all)).files, 1)
  assert.equal(
    files.listXattrs(Buffer.from(join(vzfs.path, 'areas/1/links/own'))).filter((one) => one.startsWith('user.')).length,
    300,
  )
  // A write copies the file up with all that it has.
  await inArea(vzfs, 1, (root) => appendFileSync(join(root, 'own'), 'x'))
  whole('areas/1/upper', owner)
  await vzfs.snapshots.rollback(1, 'kept', wish('back'))
  whole('areas/1/upper', owner)
  await vzfs.areas.relink(1, all)
  assert.equal((await vzfs.areas.relink(1, { share: 'none' })).ownFiles, 1)
  whole('areas/1/upper', owner)
  const refused = (error: unknown): boolean =>
    error instanceof VzfsError &&
    error.code === 'unsuitable' &&
    /\/(?:own|directory) has more names of attributes than the kernel lists/.test(error.message)
  await assert.rejects(vzfs.layerFromArea(1, 'made@1'), refused)
  await vzfs.idle()
  assert.deepEqual(readdirSync(join(vzfs.path, 'tmp')), [])
  await vzfs.areas.relink(2, all)
  await vzfs.snapshots.create(2, wish('kept'))
  await vzfs.space()
  await vzfs.collect()
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('directories that are moved and replaced by links without end lead nobody elsewhere, and keep nobody from his work', async (t) => {
  const { vzfs, beside } = await neighbours(t)
  mkdirSync(join(beside, 'large'))
  writeFileSync(join(beside, 'large/file'), filled(8_000_000, 6))
  const { upper } = await vzfs.areas.plan(1)
  const report = openPipe()
  const program = new URL('./testing/restless-tree.ts', import.meta.url).pathname
  const child = startAttached([process.execPath, program, upper, join(beside, 'large')], {
    descriptors: ['null', report.write, 2],
  })
  closeSync(report.write)
  let ended = false
  void child.ended.then(() => (ended = true))
  try {
    assert.equal(readSync(report.read, Buffer.alloc(1)), 1)
    const digest = hash('sha256', filled(50_000, 1))
    const lost = join(vzfs.path, 'pool', digest.slice(0, 2), digest.slice(2))
    for (let round = 0; round < 2; round++) {
      const { areas } = await vzfs.space()
      assert.equal(areas.length, 2)
      assert.ok(
        areas.every(({ apparent }) => apparent < 1_000_000),
        JSON.stringify(areas),
      )
      rmSync(lost)
      writeFileSync(join(beside, 'program'), filled(50_000, 1))
      const { damages } = await vzfs.repair({ from: [beside] })
      assert.deepEqual(damages, [])
      assert.deepEqual(await vzfs.check({ contents: true }), [])
      await vzfs.areas.relink(2, all)
      await vzfs.collect()
    }
    assert.ok(!ended, 'the tenant was at it all the time')
  } finally {
    closeSync(report.read)
    process.kill(child.pid, 'SIGKILL')
    await child.ended
  }
})

test('a tenant who never lets anybody look through his directories is no damage of the volume', async (t) => {
  const { vzfs } = await neighbours(t)
  const { upper } = await vzfs.areas.plan(1)
  const report = openPipe()
  const program = new URL('./testing/wandering-tree.ts', import.meta.url).pathname
  const child = startAttached([process.execPath, program, upper], { descriptors: ['null', report.write, 2] })
  closeSync(report.write)
  try {
    assert.equal(readSync(report.read, Buffer.alloc(1)), 1)
    await assert.rejects(diskUse(upper), NeverStill)
    assert.deepEqual(await vzfs.check(), [])
  } finally {
    closeSync(report.read)
    process.kill(child.pid, 'SIGKILL')
    await child.ended
  }
})
