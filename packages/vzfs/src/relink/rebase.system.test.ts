/** An area moves to a newer build of its template. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { RebaseRefused, VzfsError } from '../errors.ts'
import { filled } from '../testing/awkward-tree.ts'
import { inArea, seen } from '../testing/mounted-area.ts'
import { scratchVolume } from '../testing/scratch-volume.ts'

const BASE = 3_700_000
const all = { share: 'all' as const }

/** Two builds: a program is newer, a small file and a directory are gone, another small file is as before. */
async function twoBuilds(t: TestContext) {
  const { vzfs } = await scratchVolume(t)
  for (const build of [1, 2]) {
    const source = await vzfs.scratch()
    for (const directory of ['bin', 'etc', 'etc/d']) mkdirSync(join(source, directory))
    writeFileSync(join(source, 'bin/program'), filled(20_000, build))
    writeFileSync(join(source, 'bin/same'), filled(20_000, 9))
    writeFileSync(join(source, 'etc/same'), 'small and the same')
    writeFileSync(join(source, 'etc/other'), `small, of build ${build}`)
    writeFileSync(join(source, 'etc/d/file'), 'x')
    if (build === 2) {
      rmSync(join(source, 'etc/d'), { recursive: true })
      mkdirSync(join(source, 'srv'))
    }
    await vzfs.layers.build(`os@${build}`, source)
  }
  await vzfs.areas.create(1, BASE, ['os@1'], null)
  return vzfs
}

test("private files come along, and what was the old template's is the new one's", async (t) => {
  const vzfs = await twoBuilds(t)
  await inArea(vzfs, 1, (root) => {
    const at = (name: string): string => join(root, name)
    chmodSync(at('bin/program'), 0o700)
    chmodSync(at('etc/same'), 0o600)
    renameSync(at('bin'), at('usr'))
    mkdirSync(at('srv'))
    writeFileSync(at('srv/own'), filled(5000, 3))
    appendFileSync(at('usr/same'), 'changed')
    unlinkSync(at('etc/other'))
  })
  const before = await seen(vzfs, 1)
  await vzfs.areas.rebase(1, ['os@2'], all)
  assert.deepEqual((await vzfs.areas.show(1))?.layers, ['os@2'])
  const after = await seen(vzfs, 1)
  const told = (entry: object | undefined) => entry && { ...entry, mtime: null }
  for (const [path, entry] of before) if (!path.startsWith('etc/d')) assert.deepEqual(told(after.get(path)), told(entry), path)
  assert.equal(after.size, before.size - 2)
  await vzfs.layers.remove('os@1')
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('what depends on the old template is named, and nothing is changed', async (t) => {
  const vzfs = await twoBuilds(t)
  await inArea(vzfs, 1, (root) => {
    chmodSync(join(root, 'etc/other'), 0o600)
    writeFileSync(join(root, 'etc/d/private'), 'y')
  })
  const before = await seen(vzfs, 1)
  await assert.rejects(vzfs.areas.rebase(1, ['os@2'], all), (error) => {
    assert.ok(error instanceof RebaseRefused && error.count === 2, String(error))
    assert.deepEqual(error.obstacles.map(({ path }) => path).toSorted(), ['/etc/d', '/etc/other'])
    return true
  })
  assert.deepEqual((await vzfs.areas.show(1))?.layers, ['os@1'])
  assert.deepEqual(await seen(vzfs, 1), before)
  await assert.rejects(
    vzfs.areas.rebase(1, ['os@3'], all),
    (error) => error instanceof VzfsError && error.code === 'layer_unknown',
  )
  await inArea(vzfs, 1, (root) => {
    unlinkSync(join(root, 'etc/other'))
    rmSync(join(root, 'etc/d'), { recursive: true })
  })
  await vzfs.areas.rebase(1, ['os@2'], all)
  await inArea(vzfs, 1, (root) => assert.ok(readFileSync(join(root, 'bin/program')).equals(filled(20_000, 2))))
})

test('a file of the template that has a second name of its own, and other rights, comes along as one file', async (t) => {
  const vzfs = await twoBuilds(t)
  await inArea(vzfs, 1, (root) => {
    chmodSync(join(root, 'bin/program'), 0o700)
    linkSync(join(root, 'bin/program'), join(root, 'etc/program'))
  })
  const before = await seen(vzfs, 1)
  await vzfs.areas.rebase(1, ['os@2'], all)
  const after = await seen(vzfs, 1)
  for (const path of ['bin/program', 'etc/program']) assert.deepEqual(after.get(path), before.get(path), path)
  await vzfs.layers.remove('os@1')
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('what an administrator has made unchangeable stays so, of whatever file, whatever is done with its area', async (t) => {
  const vzfs = await twoBuilds(t)
  const names = ['bin/program', 'bin/same', 'etc/same', 'own', 'etc/d']
  const flags = (): Promise<string> => {
    let told = ''
    return inArea(vzfs, 1, (root) => {
      told = execFileSync('lsattr', ['-d', ...names.map((name) => join(root, name))], { encoding: 'utf8' })
      told = told.replaceAll(`${root}/`, '').replaceAll(/^\S+/gm, (all) => all.replaceAll(/[^ia]/g, ''))
    }).then(() => told)
  }
  await inArea(vzfs, 1, (root) => {
    writeFileSync(join(root, 'own'), filled(20_000, 9))
    chmodSync(join(root, 'bin/same'), 0o700)
    linkSync(join(root, 'bin/same'), join(root, 'bin/again'))
    for (const name of names) execFileSync('chattr', [name === 'own' ? '+a' : '+i', join(root, name)])
  })
  const before = await flags()
  assert.equal(before.match(/^i /gm)?.length, 4, before)
  const shown = await seen(vzfs, 1)
  for (const share of ['all', 'none', 'all'] as const) {
    await vzfs.areas.relink(1, { share })
    assert.equal(await flags(), before, share)
    assert.deepEqual(await seen(vzfs, 1), shown)
  }
  const wish = { cause: 'asked', comment: null, expiresAt: null, record: null } as const
  await vzfs.snapshots.create(1, { ...wish, name: 'kept' })
  await vzfs.snapshots.rollback(1, 'kept', { ...wish, name: 'before' })
  assert.equal(await flags(), before)
  await vzfs.areas.remove(1)
  await vzfs.idle()
})
