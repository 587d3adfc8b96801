/** What a layer of an area consists of, and what becomes of those that use it. */

import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { realFileCalls } from '@insula/kernel'
import { entryPath } from '../build/entry.ts'
import { scan } from '../build/scan.ts'
import { RebaseRefused, VzfsError } from '../errors.ts'
import { fillAwkwardTree, filled } from '../testing/awkward-tree.ts'
import { inArea, seen } from '../testing/mounted-area.ts'
import { scratchVolume } from '../testing/scratch-volume.ts'
import { volumePaths } from '../volume-paths.ts'
import type { Vzfs } from '../vzfs.ts'

const files = realFileCalls()
const [BASE, OTHER] = [3_000_000, 4_000_000]
const all = { share: 'all' as const, whole: true }

async function withSystem(t: TestContext): Promise<Vzfs> {
  const { vzfs } = await scratchVolume(t)
  const source = await vzfs.scratch()
  fillAwkwardTree(files, source)
  for (const directory of ['old', 'old/deep', 'goes', 'kept']) mkdirSync(join(source, directory))
  for (const name of ['old/deep/file', 'goes/file', 'kept/file', 'kept/other']) writeFileSync(join(source, name), filled(6000, 3))
  await vzfs.layers.build('os@1', source)
  await vzfs.areas.create(1, BASE, ['os@1'], null)
  await vzfs.areas.create(2, OTHER, ['os@1'], null)
  await vzfs.areas.create(3, OTHER + 65_536, ['os@1'], null)
  return vzfs
}

/** As an installation would: new files of all sorts, changed ones, some that go, a directory that is made anew. */
function install(root: string, base: number): void {
  const at = (name: string): string => join(root, name)
  mkdirSync(at('app'))
  fillAwkwardTree(files, at('app'))
  const entries = scan(files, Buffer.from(at('app')))
  for (const { path, uid, gid, mode, kind, xattrs, mtime } of entries) {
    const here = entryPath(Buffer.from(at('app')), path)
    if (uid < base) lchownSync(here, uid + base, gid + base)
    if (kind !== 'symlink') chmodSync(here, mode)
    for (const [name, value] of xattrs) {
      const bytes = Buffer.from(value, 'latin1')
      // As root of the area would set them.
      if (name === 'security.capability') {
        const owned = Buffer.concat([bytes, Buffer.alloc(4)])
        owned[3] = 3
        owned.writeUInt32LE(base, 20)
        files.setXattr(here, name, owned)
      } else if (name.startsWith('system.posix_acl')) {
        const owned = Buffer.from(bytes)
        for (let entry = 4; entry < owned.length; entry += 8)
          if (owned.readUInt16LE(entry) === 2) owned.writeUInt32LE(owned.readUInt32LE(entry + 4) + base, entry + 4)
        files.setXattr(here, name, owned)
      }
    }
    files.setTimes(here, mtime, mtime)
  }
  appendFileSync(at('etc/labelled'), 'more')
  chmodSync(at('srv/size-3000000'), 0o600)
  renameSync(at('old'), at('new'))
  rmSync(at('goes'), { recursive: true })
  unlinkSync(at('kept/file'))
  rmSync(at('empty'), { recursive: true })
  mkdirSync(at('empty'))
  lchownSync(at('empty'), base, base)
  linkSync(at('app/srv/link-1'), at('app/var/another'))
}

const marksOf = (vzfs: Vzfs, layer: string) => scan(files, Buffer.from(volumePaths(vzfs.path).layer(layer).tree))

test('a layer of an area has what is another in it, whatever sort of thing, and is like any other layer', async (t) => {
  const vzfs = await withSystem(t)
  await inArea(vzfs, 1, (root) => install(root, BASE))
  const made = await vzfs.layerFromArea(1, 'stack', { manifest: { of: 'test' } })
  const entries = new Map(marksOf(vzfs, 'stack').map((entry) => [entry.path, entry] as const))
  // 3 MB are a stub, and nothing leads elsewhere.
  assert.ok([...entries.values()].every(({ kind, size, stub }) => kind !== 'file' || size < 4096 || stub !== null))
  assert.deepEqual(
    [...entries.values()].filter(({ kind, device }) => kind === 'character' && device === 0).map(({ path }) => path),
    ['goes', 'kept/file', 'old'],
  )
  const cap = new Map(entries.get('app/bin/ping')?.xattrs).get('security.capability') ?? ''
  assert.equal(Buffer.from(cap, 'latin1').toString('hex'), '0100000200200000000000000000000000000000')
  assert.deepEqual([entries.get('app/bin/su')?.mode, entries.get('app/bin/su')?.gid], [0o6755, 42])
  assert.equal(entries.get('kept/other'), undefined)
  assert.equal(made.files, new Set([...entries.values()].filter(({ kind }) => kind === 'file').map(({ inode }) => inode)).size)
  await vzfs.areas.remove(2)
  await vzfs.areas.create(2, OTHER, ['stack', 'os@1'], null)
  const [mine, its] = [await seen(vzfs, 1), await seen(vzfs, 2)]
  assert.deepEqual([...its.keys()], [...mine.keys()])
  for (const [path, { contents, mode, uid, sameAs, target }] of mine) {
    const found = its.get(path)
    assert.deepEqual(
      [found?.contents, found?.mode, found?.uid, found?.sameAs, found?.target],
      [contents, mode, uid - BASE + OTHER, sameAs, target],
      path,
    )
  }
  await assert.rejects(vzfs.layerFromArea(1, 'stack'), (error) => error instanceof VzfsError && error.code === 'layer_exists')
  await vzfs.areas.remove(1)
  await vzfs.collect()
  assert.deepEqual(await seen(vzfs, 2), its)
  const { layers } = await vzfs.space()
  assert.equal(layers.find(({ name }) => name === 'stack')?.users, 1)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
  // A whiteout and an opaque mark that are lost come back.
  const { tree } = volumePaths(vzfs.path).layer('stack')
  unlinkSync(join(tree, 'goes'))
  rmSync(join(tree, 'kept/file'))
  const { damages } = await vzfs.repair()
  assert.deepEqual(damages, [])
  assert.deepEqual(await seen(vzfs, 2), its)
})

test('what was emptied and made anew is opaque, and what is left out stays as the layers have it', async (t) => {
  const vzfs = await withSystem(t)
  await inArea(vzfs, 1, (root) => {
    rmSync(join(root, 'kept'), { recursive: true })
    mkdirSync(join(root, 'kept'))
    lchownSync(join(root, 'kept'), BASE, BASE)
    unlinkSync(join(root, 'goes/file'))
    mkdirSync(join(root, 'etc/cache'))
    writeFileSync(join(root, 'etc/cache/one'), 'x')
  })
  await vzfs.layerFromArea(1, 'stack', { without: ['/goes', '/etc/cache'] })
  const entries = marksOf(vzfs, 'stack')
  assert.deepEqual(
    entries.map(({ path }) => path),
    ['', 'etc', 'kept'],
  )
  assert.deepEqual(entries.find(({ path }) => path === 'kept')?.xattrs, [['trusted.overlay.opaque', 'y']])
})

test('what no layer can hold is refused by name, and a cancelled one leaves nothing', async (t) => {
  const vzfs = await withSystem(t)
  await inArea(vzfs, 1, (root) => writeFileSync(join(root, 'kept/foreign'), 'x'))
  const refused = (error: unknown) => error instanceof VzfsError && error.code === 'unsuitable'
  await assert.rejects(
    vzfs.layerFromArea(1, 'stack'),
    (error) => refused(error) && /\/kept\/foreign belongs to 0/.test(String(error)),
  )
  await inArea(vzfs, 1, (root) => unlinkSync(join(root, 'kept/foreign')))
  await assert.rejects(vzfs.layerFromArea(1, 'stack', { signal: AbortSignal.abort(new Error('no longer')) }), /no longer/)
  const source = await vzfs.scratch()
  mkdirSync(join(source, 'renamed'))
  files.setXattr(Buffer.from(join(source, 'renamed')), 'trusted.overlay.redirect', Buffer.from('/elsewhere'))
  await assert.rejects(vzfs.layers.build('odd', source), (error) => refused(error) && /\/renamed has a mark/.test(String(error)))
  await vzfs.idle()
  assert.deepEqual(
    (await vzfs.layers.list()).map(({ name }) => name),
    ['os@1'],
  )
  assert.deepEqual(readdirSync(volumePaths(vzfs.path).tmp), [])
})

test('an area moves onto a layer and off it as a whole, or not at all', async (t) => {
  const vzfs = await withSystem(t)
  await inArea(vzfs, 1, (root) => install(root, BASE))
  await vzfs.layerFromArea(1, 'stack')
  await inArea(vzfs, 2, (root) => {
    writeFileSync(join(root, 'srv/mine'), filled(5000, 4))
    lchownSync(join(root, 'srv/mine'), OTHER, OTHER)
  })
  const before = await seen(vzfs, 2)
  await vzfs.areas.rebase(2, ['stack', 'os@1'], all)
  const after = await seen(vzfs, 2)
  assert.ok(after.has('srv/mine') && after.has('app/bin/ping') && !after.has('goes') && !after.has('kept/file'))
  await vzfs.areas.rebase(2, ['os@1'], all)
  assert.deepEqual(await seen(vzfs, 2), before)
  for (const [change, path] of [
    ['written', 'etc/labelled'],
    ['deleted', 'goes'],
    ['made', 'app'],
    ['renamed', 'old'],
  ] as const) {
    await vzfs.areas.remove(3)
    await vzfs.areas.create(3, OTHER + 65_536, ['os@1'], null)
    await inArea(vzfs, 3, (root) => {
      if (change === 'written') appendFileSync(join(root, path), 'own')
      else if (change === 'deleted') rmSync(join(root, path), { recursive: true })
      else if (change === 'made') mkdirSync(join(root, path))
      else renameSync(join(root, path), join(root, 'mine'))
    })
    const was = await seen(vzfs, 3)
    await assert.rejects(vzfs.areas.rebase(3, ['stack', 'os@1'], all), (error) => {
      assert.ok(error instanceof RebaseRefused, String(error))
      return error.obstacles.some((obstacle) => obstacle.path.startsWith(`/${path}`))
    })
    assert.deepEqual(await seen(vzfs, 3), was, change)
  }
  assert.ok(lstatSync(volumePaths(vzfs.path).layer('stack').tree).isDirectory())
  await assert.rejects(vzfs.layers.remove('os@1'), (error) => error instanceof VzfsError && error.code === 'layer_in_use')
})
