/** Every kind of damage, made on purpose: found by a check, and put right by a repair. */

import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { realFileCalls } from '@insula/kernel'
import { linesOf } from '../references/known-layer.ts'
import { fillAwkwardTree, filled } from '../testing/awkward-tree.ts'
import { layerOf, poolOf, putStub } from '../testing/fill.ts'
import { scratchVolume } from '../testing/scratch-volume.ts'
import type { Damage } from '../reports.ts'
import type { Vzfs } from '../vzfs.ts'

const files = realFileCalls()
const REDIRECT = 'trusted.overlay.redirect'
const METACOPY = 'trusted.overlay.metacopy'

const poolPath = (vzfs: Vzfs, digest: string): string => join(vzfs.path, 'pool', digest.slice(0, 2), digest.slice(2))
const large = filled(3_000_000, 3_000_000)
const kinds = (damages: readonly Damage[]): string[] => [...new Set(damages.map(({ kind }) => kind))].toSorted()

async function awkward(t: TestContext): Promise<{ vzfs: Vzfs; tree: string; beside: string; lines: string[]; layer: string }> {
  const { vzfs, beside } = await scratchVolume(t)
  const source = await vzfs.scratch()
  fillAwkwardTree(files, source)
  await vzfs.layers.build('a', source)
  const layer = join(vzfs.path, 'layers/a')
  const tree = join(layer, 'tree')
  return { vzfs, beside, layer, tree, lines: linesOf(files, tree) }
}

function flip(path: string): void {
  const fd = openSync(path, 'r+')
  const byte = readFileSync(path).at(10) ?? 0
  writeSync(fd, Buffer.of(byte ^ 1), 0, 1, 10)
  closeSync(fd)
}

/** Each damages the layer in one way, and is put right without bytes from elsewhere. */
const MENDABLE: Readonly<Record<string, readonly [kind: string, damage: (tree: string, layer: string, vzfs: Vzfs) => void]>> = {
  'a stub that names other contents': [
    'stub',
    (tree) => files.setXattr(Buffer.from(`${tree}/bin/su`), REDIRECT, Buffer.from(`/ab/${'c'.repeat(62)}`)),
  ],
  'a stub that names nothing': ['stub', (tree) => files.setXattr(Buffer.from(`${tree}/bin/su`), REDIRECT, Buffer.from('etc'))],
  'a stub without its redirect': ['stub', (tree) => files.removeXattr(Buffer.from(`${tree}/bin/su`), REDIRECT)],
  'a stub without its mark': ['stub', (tree) => files.removeXattr(Buffer.from(`${tree}/bin/su`), METACOPY)],
  'a stub of another length': ['stub', (tree) => truncateSync(`${tree}/bin/su`, 5_000)],
  'a stub with data': [
    'stub',
    (tree) => {
      const fd = openSync(`${tree}/srv/size-3000000`, 'r+')
      writeSync(fd, 'data', 1_000_000)
      closeSync(fd)
    },
  ],
  'another owner': ['metadata', (tree) => chownSync(`${tree}/bin/su`, 1, 1)],
  'another mode': ['metadata', (tree) => chmodSync(`${tree}/etc/listed`, 0o777)],
  'a lost capability': ['metadata', (tree) => files.removeXattr(Buffer.from(`${tree}/bin/ping`), 'security.capability')],
  'one attribute too many': ['metadata', (tree) => files.setXattr(Buffer.from(`${tree}/etc`), 'user.more', Buffer.from('x'))],
  'a missing stub': ['entry', (tree) => unlinkSync(`${tree}/bin/su`)],
  'a missing name of a file': ['entry', (tree) => unlinkSync(`${tree}/srv/link-2`)],
  'a name that is a file of its own': [
    'entry',
    (tree) => {
      cpSync(`${tree}/srv/size-4096`, `${tree}/x`)
      renameSync(`${tree}/x`, `${tree}/srv/link-2`)
    },
  ],
  'a missing directory with what was in it': ['entry', (tree) => rmSync(`${tree}/empty`, { recursive: true })],
  'a missing link': ['entry', (tree) => unlinkSync(`${tree}/etc/dangling`)],
  'a missing fifo and a missing node': [
    'entry',
    (tree) => {
      unlinkSync(`${tree}/var/fifo`)
      unlinkSync(`${tree}/dev/null`)
    },
  ],
  'a link that leads elsewhere': [
    'entry',
    (tree) => {
      unlinkSync(`${tree}/etc/relative`)
      symlinkSync('/etc/shadow', `${tree}/etc/relative`)
    },
  ],
  'a file in place of a directory': [
    'entry',
    (tree) => {
      rmSync(`${tree}/empty`, { recursive: true })
      writeFileSync(`${tree}/empty`, '')
    },
  ],
  'a file too many': ['extra', (tree) => writeFileSync(`${tree}/etc/added`, 'x')],
  'a lost layer.json': ['layer-file', (_tree, layer) => rmSync(`${layer}/layer.json`)],
  'a damaged layer.json': ['layer-file', (_tree, layer) => writeFileSync(`${layer}/layer.json`, '{"name":"b"}')],
  'a damaged record': ['record', (_tree, layer) => writeFileSync(`${layer}/entries.zst`, 'x')],
  'a leftover': ['leftover', (_tree, layer) => writeFileSync(`${layer}/layer.json.old`, 'x')],
  'an open layer': ['owner', (_tree, layer) => chmodSync(layer, 0o755)],
  'contents with another owner': ['pool-file', (_tree, _layer, vzfs) => chownSync(poolPath(vzfs, hash('sha256', large)), 7, 7)],
  'contents that can be written to': [
    'pool-file',
    (_tree, _layer, vzfs) => chmodSync(poolPath(vzfs, hash('sha256', large)), 0o666),
  ],
  'an open directory of the pool': [
    'pool-file',
    (_tree, _layer, vzfs) => chmodSync(join(poolPath(vzfs, hash('sha256', large)), '..'), 0o755),
  ],
  'contents with a second name': [
    'pool-linked',
    (_tree, layer, vzfs) => linkSync(poolPath(vzfs, hash('sha256', large)), join(layer, '../../second')),
  ],
  'something in the pool that is no contents': [
    'pool-stray',
    (_tree, _layer, vzfs) => writeFileSync(join(vzfs.path, 'pool/x'), 'x'),
  ],
}

test('damage that needs no bytes from elsewhere is found and put right, to the last attribute', async (t) => {
  const { vzfs, tree, layer, lines } = await awkward(t)
  for (const [name, [kind, damage]] of Object.entries(MENDABLE)) {
    damage(tree, layer, vzfs)
    const found = await vzfs.examine()
    assert.ok(kinds(found.damages).includes(kind), `${name}: ${JSON.stringify(found.damages)}`)
    if (kind === 'record') assert.deepEqual(await vzfs.check(), [])
    const { damages, repaired } = await vzfs.repair()
    assert.deepEqual(damages, [], name)
    if (kind !== 'record') assert.ok(kinds(repaired).includes(kind), name)
    assert.deepEqual(linesOf(files, tree), lines, name)
    rmSync(join(vzfs.path, 'second'), { force: true })
  }
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('around an area: owners are put right, what nobody knows is told', async (t) => {
  const { vzfs } = await scratchVolume(t)
  await layerOf(vzfs, 'a', [1])
  await vzfs.areas.create(3, 500_000, ['a'], null)
  const at = (name: string): string => join(vzfs.path, 'areas/3', name)
  chmodSync(at(''), 0o755)
  chownSync(at('work'), 1, 1)
  chownSync(at('area.json'), 500_000, 500_000)
  chownSync(at('upper'), 1000, 1000)
  assert.deepEqual(kinds(await vzfs.check()), ['owner'])
  const { damages, repaired } = await vzfs.repair()
  assert.deepEqual([damages, repaired.length], [[], 4])
  assert.equal(lstatSync(at('upper')).uid, 500_000)

  putStub(files, at('links/gone'), 'ab'.repeat(32))
  putStub(files, at('links/broken'), hash('sha256', filled(6000, 1)))
  putStub(files, at('snapshots/s/links/short'), hash('sha256', filled(6000, 1)))
  files.removeXattr(Buffer.from(at('links/broken')), METACOPY)
  truncateSync(at('snapshots/s/links/short'), 5)
  mkdirSync(join(vzfs.path, 'areas/x'))
  writeFileSync(at('area.json'), '{')
  const found = await vzfs.check()
  const told = found.map(({ path, problem }) => `${path.replace(`${vzfs.path}/`, '')} ${problem}`).toSorted()
  for (const [index, text] of [
    /^areas\/3 .*area.json is damaged/,
    /^areas\/3\/links\/broken its mark as a stub/,
    /^areas\/3\/links\/gone its contents .* are not in the pool/,
    /^areas\/3\/snapshots\/s\/links\/short it has 5 bytes, its contents in the pool have 6000/,
    /^areas\/x it is not an area/,
  ].entries())
    assert.match(told[index] ?? '', text, told.join('\n'))
})

test('a layer of which nobody knows what it was is told, not guessed at', async (t) => {
  const { vzfs, tree, layer } = await awkward(t)
  rmSync(join(layer, 'entries.zst'))
  chmodSync(join(tree, 'bin/su'), 0o700)
  const { damages } = await vzfs.repair()
  assert.deepEqual(kinds(damages), ['layer-digest'])
  await assert.rejects(vzfs.collect(), { code: 'damaged' })
})

test('a flipped bit in the pool: a deep check alone finds it, moves it aside, and a private copy somewhere brings it back', async (t) => {
  const { vzfs } = await awkward(t)
  const digest = hash('sha256', large)
  const path = poolPath(vzfs, digest)
  flip(path)
  assert.deepEqual(await vzfs.check(), [])
  const steps = new Set<string>()
  const found = await vzfs.examine({ contents: true, progress: (step, done, total) => steps.add(`${step} ${done === total}`) })
  assert.deepEqual(
    found.damages.map((one) => [one.kind, one.path, one.problem]),
    [['contents', path, 'it does not hold what its name says']],
  )
  assert.ok(steps.has('reading contents true'))
  assert.deepEqual(readdirSync(join(vzfs.path, 'pool-quarantine')), [digest])
  assert.throws(() => readFileSync(path), { code: 'ENOENT' })

  assert.equal((await vzfs.repair()).damages.length, 1, 'there are no such bytes anywhere')
  await vzfs.areas.create(3, 500_000, ['a'], null)
  writeFileSync(join(vzfs.path, 'areas/3/upper/mine'), large)
  const { damages, repaired } = await vzfs.repair()
  assert.deepEqual([damages, repaired.length], [[], 1])
  assert.ok(readFileSync(path).equals(large))
  assert.deepEqual([lstatSync(path).mode & 0o7777, lstatSync(path).uid], [0o444, 0])
  assert.deepEqual(await vzfs.check({ contents: true }), [])
  assert.deepEqual(readdirSync(join(vzfs.path, 'tmp')), [])
  await vzfs.collect()
  assert.deepEqual(readdirSync(join(vzfs.path, 'pool-quarantine')), [])
})

test('bytes come from a directory that is named, or from a tree that is built anew, and wrong ones are not taken', async (t) => {
  const { vzfs, beside } = await awkward(t)
  const digest = hash('sha256', large)
  rmSync(poolPath(vzfs, digest))
  mkdirSync(join(beside, 'backup'))
  writeFileSync(join(beside, 'backup/other'), filled(3_000_000, 5))
  assert.equal((await vzfs.repair({ from: [join(beside, 'backup'), join(beside, 'nowhere')] })).damages.length, 1)
  writeFileSync(join(beside, 'backup/same'), large)
  assert.deepEqual((await vzfs.repair({ from: [join(beside, 'backup')] })).damages, [])

  truncateSync(poolPath(vzfs, digest), 100)
  const asked: string[] = []
  const { damages, repaired } = await vzfs.repair({
    treeLike: async (layer, use) => {
      asked.push(layer)
      const tree = join(beside, 'tree')
      mkdirSync(tree)
      fillAwkwardTree(files, tree)
      await use(tree)
    },
  })
  assert.deepEqual([damages, repaired.length, asked], [[], 1, ['a']])
  assert.deepEqual(await vzfs.check({ contents: true }), [])
})

test('a small file that rots in a layer is brought back from another layer', async (t) => {
  const { vzfs, tree, lines } = await awkward(t)
  flip(join(tree, 'srv/size-4095'))
  unlinkSync(join(tree, 'etc/small-labelled'))
  assert.deepEqual(kinds(await vzfs.check()), ['entry', 'metadata'])
  assert.deepEqual(kinds(await vzfs.check({ contents: true })), ['entry', 'metadata', 'small-file'])
  const source = await vzfs.scratch()
  writeFileSync(join(source, 'x'), filled(4095, 4095))
  writeFileSync(join(source, 'y'), 'small')
  await vzfs.layers.build('b', source)
  assert.deepEqual((await vzfs.repair({ contents: true })).damages, [])
  assert.deepEqual(linesOf(files, tree), lines)
})

test('a check can be cancelled, and can be given a pace', async (t) => {
  const { vzfs } = await awkward(t)
  const controller = new AbortController()
  const cancelled = vzfs.examine({
    contents: true,
    pace: 1_000_000,
    signal: controller.signal,
    progress: () => controller.abort(new Error('enough')),
  })
  await assert.rejects(cancelled, /enough/)
  assert.deepEqual(await vzfs.check({ contents: true, pace: 500_000_000 }), [])
})

test('what nothing names is counted, and is no damage', async (t) => {
  const { vzfs } = await scratchVolume(t)
  await layerOf(vzfs, 'a', [1, 2])
  await layerOf(vzfs, 'b', [2])
  await vzfs.layers.remove('a')
  const { damages, orphans, looked } = await vzfs.examine()
  assert.deepEqual([damages, orphans], [[], { files: 1, bytes: 8192 }])
  assert.deepEqual(looked, { layers: 1, areas: 0, contents: 2, bytes: 12_000 })
  assert.equal(poolOf(vzfs).length, 2)
})
