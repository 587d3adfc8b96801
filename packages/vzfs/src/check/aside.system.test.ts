/** What a root that is mounted sees of contents that are damaged, moved aside and brought back. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { realPrivateMounts, realUserNamespaces, startAttached } from '@insula/kernel'
import { filled } from '../testing/awkward-tree.ts'
import { poolOf } from '../testing/fill.ts'
import { inArea } from '../testing/mounted-area.ts'
import { scratchVolume } from '../testing/scratch-volume.ts'

const BASE = 1_900_000

test('after a deep check a mounted root gives an error in place of damaged contents, and the contents once they are brought back', async (t) => {
  const { vzfs, beside } = await scratchVolume(t)
  const source = await vzfs.scratch()
  const bytes = filled(300_000, 1)
  for (const name of ['read', 'open', 'sound'])
    writeFileSync(join(source, name), name === 'sound' ? filled(5_000, 2) : filled(300_000, name === 'read' ? 1 : 3))
  await vzfs.layers.build('a', source)
  await vzfs.areas.create(1, BASE, ['a'], null)
  const plan = await vzfs.areas.plan(1)
  using owner = await realUserNamespaces()({ base: BASE, size: 65_536 })
  const holder = realPrivateMounts().inPrivateCopy((mounts) => {
    mounts.overlay(plan, owner)
    return startAttached(['sleep', '300'], { descriptors: ['null', 'null', 'null'] })
  })
  t.after(async () => {
    process.kill(holder.pid, 'SIGKILL')
    await holder.ended
  })
  const inside = (name: string): string => `/proc/${holder.pid}/root${plan.root}/${name}`
  assert.ok(readFileSync(inside('read')).equals(bytes))
  const open = openSync(inside('open'), 'r')
  t.after(() => closeSync(open))

  for (const seed of [1, 3]) {
    const digest = hash('sha256', filled(300_000, seed))
    const fd = openSync(join(vzfs.path, 'pool', digest.slice(0, 2), digest.slice(2)), 'r+')
    writeSync(fd, 'rot', 100_000)
    closeSync(fd)
  }
  assert.ok(!readFileSync(inside('read')).equals(bytes))
  const damages = await vzfs.check({ contents: true })
  assert.deepEqual(
    damages.map(({ kind }) => kind),
    ['contents', 'contents'],
  )
  assert.throws(() => readFileSync(inside('read')), { code: 'ENOENT' })
  assert.ok(readFileSync(inside('sound')).equals(filled(5_000, 2)))
  // Whoever has it open goes on with it: nothing can take that away but the end of the process.
  assert.equal(readSync(open, Buffer.alloc(3), 0, 3, 100_000), 3)

  writeFileSync(join(beside, 'backup'), bytes)
  const { damages: left, repaired } = await vzfs.repair({ from: [beside] })
  assert.ok(repaired.length >= 1)
  assert.ok(left.every(({ path }) => path.endsWith('open')))
  assert.ok(readFileSync(inside('read')).equals(bytes))
})

test('a file whose contents are lost is there and cannot be used: only its name can be, and nobody reads other bytes', async (t) => {
  const { vzfs } = await scratchVolume(t)
  const source = await vzfs.scratch()
  const ACTS: Readonly<Record<string, (file: string) => unknown>> = {
    read: (file) => readFileSync(file),
    append: (file) => appendFileSync(file, 'x'),
    'open to make it if need be': (file) => closeSync(openSync(file, constants.O_RDWR | constants.O_CREAT)),
    overwrite: (file) => writeFileSync(file, 'new'),
    truncate: (file) => truncateSync(file, 0),
    chmod: (file) => chmodSync(file, 0o700),
    chown: (file) => chownSync(file, BASE + 1, BASE),
    link: (file) => linkSync(file, `${file}-too`),
    rename: (file) => renameSync(file, `${file}-moved`),
    copy: (file) => copyFileSync(file, `${file}-copy`),
    execute: (file) => execFileSync(file),
  }
  const names = [...Object.keys(ACTS), 'unlink', 'replace']
  for (const [index, name] of names.entries()) writeFileSync(join(source, name), filled(9_000, index), { mode: 0o755 })
  await vzfs.layers.build('a', source)
  await vzfs.areas.create(1, BASE, ['a'], null)
  for (const digest of poolOf(vzfs)) rmSync(join(vzfs.path, 'pool', digest.slice(0, 2), digest.slice(2)))
  await inArea(vzfs, 1, (root) => {
    const at = (name: string): string => join(root, name)
    assert.deepEqual(readdirSync(root).toSorted(), names.toSorted())
    for (const name of names) assert.deepEqual([lstatSync(at(name)).size, lstatSync(at(name)).mode & 0o7777], [9_000, 0o755])
    for (const [name, act] of Object.entries(ACTS)) assert.throws(() => act(at(name)), { code: 'ENOENT' }, name)
    assert.throws(() => writeFileSync(at('read'), 'x', { flag: 'wx' }), { code: 'EEXIST' })
    unlinkSync(at('unlink'))
    writeFileSync(at('new'), 'as a package manager does it')
    renameSync(at('new'), at('replace'))
    assert.equal(readFileSync(at('replace'), 'utf8'), 'as a package manager does it')
    writeFileSync(at('unlink'), 'anew')
  })
})
