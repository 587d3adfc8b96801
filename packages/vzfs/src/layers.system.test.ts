import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { realFileCalls } from '@insula/kernel'
import { scan } from './build/scan.ts'
import { LayerInUse, VzfsError } from './errors.ts'
import { fillAwkwardTree, filled } from './testing/awkward-tree.ts'
import { scratchVolume } from './testing/scratch-volume.ts'
import type { Vzfs } from './vzfs.ts'

const files = realFileCalls()
const code = (expected: string) => (error: unknown) => error instanceof VzfsError && error.code === expected

async function scratchWith(vzfs: Vzfs, contents: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const source = await vzfs.scratch()
  for (const [name, value] of Object.entries(contents)) writeFileSync(join(source, name), value)
  return source
}

const left = (vzfs: Vzfs) => ['tmp', 'trash', 'layers'].map((part) => readdirSync(join(vzfs.path, part)))

test('a layer holds metadata, the pool holds contents of files from 4096 bytes on', async (t) => {
  const { vzfs } = await scratchVolume(t)
  const source = await scratchWith(vzfs, { large: filled(4096, 1), twin: filled(4096, 1), small: filled(4095, 1) })
  chmodSync(join(source, 'large'), 0o4755)
  const layer = await vzfs.layers.build('plain@1', source)
  assert.deepEqual([layer.files, layer.sharedFiles, layer.bytes, layer.newPoolBytes], [3, 2, 4096 * 2 + 4095, 4096])
  assert.ok(layer.builtAt.endsWith('Z'))

  const tree = join(vzfs.path, 'layers/plain@1/tree')
  const key = files.getXattr(Buffer.from(join(tree, 'large')), 'trusted.overlay.redirect')?.toString() ?? ''
  const contents = join(vzfs.path, 'pool', key)
  assert.ok(readFileSync(contents).equals(filled(4096, 1)))
  assert.equal(lstatSync(contents).mode & 0o7777, 0o444)
  assert.equal(lstatSync(join(tree, 'large')).mode & 0o7777, 0o4755)
  assert.ok(readFileSync(join(tree, 'large')).equals(Buffer.alloc(4096)), 'the stub itself holds no data')
  assert.ok(readFileSync(join(tree, 'small')).equals(filled(4095, 1)))
  assert.equal(readdirSync(join(vzfs.path, 'pool')).length, 1)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('contents of a file of a layer are found where they lie, and no link leads out', async (t) => {
  const { vzfs } = await scratchVolume(t)
  const source = await scratchWith(vzfs, { large: filled(4096, 1), small: 'small' })
  mkdirSync(join(source, 'etc'))
  writeFileSync(join(source, 'etc/passwd'), filled(5000, 2))
  symlinkSync('/etc', join(source, 'out'))
  symlinkSync('/etc/passwd', join(source, 'link'))
  await vzfs.layers.build('plain@1', source)
  const read = async (path: string) => {
    const place = await vzfs.layers.contents('plain@1', path)
    return place === null ? null : readFileSync(place)
  }
  assert.deepEqual(await read('large'), filled(4096, 1))
  assert.deepEqual(await read('etc/passwd'), filled(5000, 2))
  assert.equal((await read('small'))?.toString(), 'small')
  for (const path of ['out/passwd', 'link', 'etc', 'none', 'small/none']) assert.equal(await read(path), null, path)
  for (const path of ['../large', '/etc/passwd', 'etc//passwd', '']) await assert.rejects(read(path), code('name_invalid'), path)
})

test('equal trees make equal digests, and add nothing to the pool the second time', async (t) => {
  const { vzfs } = await scratchVolume(t)
  const [first, second, other] = [await vzfs.scratch(), await vzfs.scratch(), await vzfs.scratch()]
  for (const source of [first, second, other]) fillAwkwardTree(files, source)
  chmodSync(join(other, 'bin/ping'), 0o700)
  const [a, b] = [await vzfs.layers.build('a', first), await vzfs.layers.build('b', second)]
  // Made at different moments: only times that nobody set differ.
  assert.ok(a.newPoolBytes > 8 << 20)
  assert.equal(b.newPoolBytes, 0)
  assert.deepEqual([b.files, b.sharedFiles, b.bytes], [a.files, a.sharedFiles, a.bytes])
  assert.notEqual((await vzfs.layers.build('c', other)).digest, a.digest)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('a layer can be a source again: its stubs stay stubs', async (t) => {
  const { vzfs } = await scratchVolume(t)
  const first = await vzfs.layers.build('a', await scratchWith(vzfs, { large: filled(9000, 1), small: 'x' }))
  const again = await vzfs.scratch()
  const stub = join(vzfs.path, 'layers/a/tree/large')
  linkSync(stub, join(again, 'large'))
  const second = await vzfs.layers.build('b', again)
  assert.deepEqual([second.sharedFiles, second.newPoolBytes], [1, 0])
  assert.notEqual(lstatSync(stub).ino, lstatSync(join(vzfs.path, 'layers/b/tree/large')).ino)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
  assert.deepEqual(await vzfs.layers.show('a'), first)
})

test('two builds at once that share contents', async (t) => {
  const { vzfs } = await scratchVolume(t)
  const trees = await Promise.all([1, 2, 3].map(() => vzfs.scratch()))
  for (const tree of trees) for (let seed = 0; seed < 100; seed++) writeFileSync(join(tree, `f${seed}`), filled(5000, seed))
  const layers = await Promise.all(trees.map((tree, index) => vzfs.layers.build(`l${index}`, tree)))
  const distinct = new Set(Array.from({ length: 100 }, (_, seed) => filled(5000, seed).toString('hex'))).size
  assert.equal(
    layers.reduce((sum, layer) => sum + layer.newPoolBytes, 0),
    distinct * 5000,
  )
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('a file that others can reach from outside of the tree is copied, not moved', async (t) => {
  const { vzfs, beside } = await scratchVolume(t)
  const source = await scratchWith(vzfs, { large: filled(5000, 1), small: 'small' })
  for (const name of ['large', 'small']) linkSync(join(source, name), join(beside, name))
  linkSync(join(source, 'large'), join(source, 'large-too'))
  await vzfs.layers.build('a', source)
  appendFileSync(join(beside, 'large'), 'changed')
  appendFileSync(join(beside, 'small'), 'changed')
  assert.equal(readFileSync(join(vzfs.path, 'layers/a/tree/small'), 'utf8'), 'small')
  assert.equal(lstatSync(join(vzfs.path, 'layers/a/tree/large')).nlink, 2)
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('manifest, list and show', async (t) => {
  const { vzfs } = await scratchVolume(t)
  const b = await vzfs.layers.build('b', await scratchWith(vzfs, {}), { manifest: { init: 'systemd' } })
  const a = await vzfs.layers.build('a', await scratchWith(vzfs, { x: 'y' }))
  assert.deepEqual(await vzfs.layers.list(), [a, b])
  assert.deepEqual(await vzfs.layers.show('b'), b)
  assert.deepEqual(await vzfs.layers.manifest('b'), { init: 'systemd' })
  assert.equal(await vzfs.layers.manifest('a'), null)
  assert.equal(await vzfs.layers.show('c'), null)
  assert.equal(await vzfs.layers.manifest('c'), null)
})

test('progress goes up to its total', async (t) => {
  const { vzfs } = await scratchVolume(t)
  const steps: number[] = []
  const totals = new Set<number>()
  await vzfs.layers.build('a', await scratchWith(vzfs, { x: filled(5000, 1), y: 'y' }), {
    progress: (done, total) => {
      steps.push(done)
      totals.add(total)
    },
  })
  assert.deepEqual(
    steps,
    steps.toSorted((a, b) => a - b),
  )
  assert.equal(steps.at(-1), 3)
  assert.deepEqual([...totals], [3])
})

test('a name is taken once, and the second source is left alone', async (t) => {
  const { vzfs } = await scratchVolume(t)
  await vzfs.layers.build('a', await scratchWith(vzfs, {}))
  const second = await scratchWith(vzfs, { x: 'x' })
  await assert.rejects(vzfs.layers.build('a', second), code('layer_exists'))
  assert.deepEqual(readdirSync(second), ['x'])
  const trees = [await scratchWith(vzfs, { x: 'x' }), await scratchWith(vzfs, { x: 'x' })]
  const results = await Promise.allSettled(trees.map((tree) => vzfs.layers.build('b', tree)))
  const statuses = results.map((result) => result.status)
  assert.deepEqual(statuses.toSorted(), ['fulfilled', 'rejected'])
  assert.deepEqual(readdirSync(trees[statuses.indexOf('rejected')] ?? ''), ['x'])
})

test('what cannot become a layer is refused, and nothing is left of it', async (t) => {
  const { vzfs } = await scratchVolume(t)
  const elsewhere = mkdtempSync('/dev/shm/insula-vzfs-')
  t.after(() => rmSync(elsewhere, { recursive: true, force: true }))
  await assert.rejects(vzfs.layers.build('a', elsewhere), code('unsuitable'))
  await assert.rejects(vzfs.layers.build('a', join(vzfs.path, 'lock')), code('unsuitable'))
  await assert.rejects(vzfs.layers.build('../a', await vzfs.scratch()), code('name_invalid'))

  const copied = await scratchWith(vzfs, { 'metadata-copy': '' })
  files.setXattr(Buffer.from(join(copied, 'metadata-copy')), 'trusted.overlay.metacopy', Buffer.alloc(0))
  await assert.rejects(vzfs.layers.build('a', copied), code('unsuitable'))
  await vzfs.idle()
  assert.deepEqual(left(vzfs).slice(1), [[], []])
})

test('contents in the pool that are not what their name says are never used', async (t) => {
  const { vzfs } = await scratchVolume(t)
  await vzfs.layers.build('a', await scratchWith(vzfs, { x: filled(5000, 1) }))
  const file = scan(files, Buffer.from(join(vzfs.path, 'pool'))).find((entry) => entry.kind === 'file')
  const path = join(vzfs.path, 'pool', file?.path ?? '')
  writeFileSync(path, filled(5000, 2))
  await assert.rejects(vzfs.layers.build('b', await scratchWith(vzfs, { x: filled(5000, 1) })), code('damaged'))
  assert.deepEqual(await vzfs.check(), [])
  const [damage, ...others] = await vzfs.check({ contents: true })
  assert.deepEqual([damage?.path, damage?.problem, others], [path, 'it does not hold what its name says', []])
  assert.match((await vzfs.check())[0]?.problem ?? '', /are damaged, and were moved aside/)
  rmSync(join(vzfs.path, 'pool-quarantine', damage?.digest ?? ''))
  assert.match((await vzfs.check())[0]?.problem ?? '', /are not in the pool/)
})

test('a build that is cancelled leaves nothing', async (t) => {
  const { vzfs } = await scratchVolume(t)
  for (const milliseconds of [0, 30, 100, 200, 300]) {
    const source = await vzfs.scratch()
    for (let index = 0; index < 400; index++) {
      mkdirSync(join(source, `d${index}`))
      symlinkSync('x', join(source, `d${index}/s`))
      writeFileSync(join(source, `d${index}/f`), filled(5000, index))
    }
    const signal = AbortSignal.timeout(milliseconds)
    const result = await vzfs.layers.build(`n${milliseconds}`, source, { signal }).then(
      () => 'built',
      (error: unknown) => error,
    )
    // A thread alone takes longer than this to start.
    if (milliseconds <= 30) assert.notEqual(result, 'built')
    if (result === 'built') await vzfs.layers.remove(`n${milliseconds}`)
    else {
      assert.equal(result, signal.reason)
      // Before the build took the source it is the caller's.
      await vzfs.discard(source)
    }
    await vzfs.idle()
    assert.deepEqual(left(vzfs), [[], [], []])
    assert.deepEqual(await vzfs.check({ contents: true }), [])
  }
})

test('a layer that an area uses cannot be removed', async (t) => {
  const { vzfs } = await scratchVolume(t)
  await vzfs.layers.build('a', await scratchWith(vzfs, {}))
  await vzfs.areas.create(3, 500_000, ['a'], null)
  await vzfs.areas.create(2, 600_000, ['a'], null)
  await assert.rejects(
    vzfs.layers.remove('a'),
    (error) => error instanceof LayerInUse && error.areas.join() === '2,3' && /areas 2, 3 use it/.test(error.message),
  )
  await vzfs.areas.remove(2)
  await vzfs.areas.remove(3)
  await vzfs.layers.remove('a')
  assert.deepEqual(await vzfs.layers.list(), [])
  await assert.rejects(vzfs.layers.remove('a'), code('layer_unknown'))
})

test('a layer never goes from under an area that is being created', async (t) => {
  const { vzfs } = await scratchVolume(t)
  for (let round = 1; round <= 20; round++) {
    const name = `r${round}`
    await vzfs.layers.build(name, await vzfs.scratch())
    const [created, removed] = await Promise.allSettled([
      vzfs.areas.create(round, 500_000, [name], null),
      vzfs.layers.remove(name),
    ])
    assert.notEqual(created.status, removed.status, `${created.status} and ${removed.status}`)
  }
  assert.deepEqual(await vzfs.check(), [])
})

test('no layer is removed while an area cannot be read', async (t) => {
  const { vzfs, warnings } = await scratchVolume(t)
  await vzfs.layers.build('a', await vzfs.scratch())
  await vzfs.areas.create(1, 500_000, ['a'], null)
  await vzfs.areas.create(2, 500_000, ['a'], null)
  const path = join(vzfs.path, 'areas/1/area.json')
  writeFileSync(path, '{"id":1')
  await assert.rejects(vzfs.layers.remove('a'), code('damaged'))
  assert.deepEqual(
    (await vzfs.areas.list()).map((area) => area.id),
    [2],
  )
  assert.match(warnings[0] ?? '', /areas\/1\/area.json/)
  assert.match((await vzfs.check())[0]?.problem ?? '', /area.json is damaged/)
})
