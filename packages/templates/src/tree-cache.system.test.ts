import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { realFileCalls, realProcessRunner } from '@insula/kernel'
import { treeCache } from './tree-cache.ts'

const files = realFileCalls()
const runner = realProcessRunner()
const KEY = { definition: 'd', mirror: 'http://mirror.example/debian' }

function places(t: TestContext) {
  const beside = mkdtempSync('/var/tmp/insula-cache-')
  t.after(() => rmSync(beside, { recursive: true, force: true }))
  const [cache, tree, copy] = ['cache', 'tree', 'copy'].map((name) => join(beside, name)) as [string, string, string]
  for (const directory of [tree, copy]) mkdirSync(directory)
  return { cache, tree, copy }
}

test('a tree comes back as it was', async (t) => {
  const { cache, tree, copy } = places(t)
  writeFileSync(join(tree, 'su'), 'program')
  chownSync(join(tree, 'su'), 0, 42)
  chmodSync(join(tree, 'su'), 0o4754)
  linkSync(join(tree, 'su'), join(tree, 'su-too'))
  writeFileSync(join(tree, 'ping'), 'program')
  files.setXattr(
    Buffer.from(join(tree, 'ping')),
    'security.capability',
    Buffer.from('0100000200200000000000000000000000000000', 'hex'),
  )
  symlinkSync('/nowhere', join(tree, 'link'))
  writeFileSync(join(tree, 'sparse'), '')
  truncateSync(join(tree, 'sparse'), 1 << 24)
  mkdirSync(join(tree, 'tmp'))
  chmodSync(join(tree, 'tmp'), 0o1777)
  files.setTimes(Buffer.from(join(tree, 'tmp')), 1n, 1_234_567_890_123_456_789n)

  await treeCache(cache, KEY, runner).save(tree)
  assert.equal(await treeCache(cache, KEY, runner).load(copy), true)
  const names = readdirSync(tree).sort()
  assert.deepEqual(readdirSync(copy).sort(), names)
  for (const name of names) {
    const [was, is] = [tree, copy].map((root) => {
      const path = Buffer.from(join(root, name))
      const { mode, uid, gid, size, mtimeNs, nlink } = lstatSync(path, { bigint: true })
      return {
        mode,
        uid,
        gid,
        size,
        mtimeNs,
        nlink,
        xattrs: files.listXattrs(path).map((key) => [key, files.getXattr(path, key)]),
      }
    })
    assert.deepEqual(is, was, name)
  }
  assert.equal(lstatSync(join(copy, 'su')).ino, lstatSync(join(copy, 'su-too')).ino)
  assert.ok(lstatSync(join(copy, 'sparse')).blocks < 100)
})

test('another definition, mirror or setting is another tree', async (t) => {
  const { cache, tree, copy } = places(t)
  await treeCache(cache, KEY, runner).save(tree)
  for (const key of [
    { ...KEY, definition: 'e' },
    { ...KEY, mirror: 'http://other.example/debian' },
  ]) {
    assert.equal(await treeCache(cache, key, runner).load(copy), false)
  }
  assert.equal(await treeCache(join(cache, 'absent'), KEY, runner).load(copy), false)
})

test('a damaged archive is never unpacked, and goes', async (t) => {
  const { cache, tree, copy } = places(t)
  writeFileSync(join(tree, 'file'), 'x'.repeat(50_000))
  const archive = treeCache(cache, KEY, runner)
  await archive.save(tree)
  const [name = ''] = readdirSync(cache)
  const bytes = readFileSync(join(cache, name))
  bytes[20_000] = 0
  writeFileSync(join(cache, name), bytes)
  assert.equal(await archive.load(copy), false)
  assert.deepEqual([readdirSync(cache), readdirSync(copy)], [[], []])
  await archive.save(tree)
  truncateSync(join(cache, name), 10_000)
  assert.equal(await archive.load(copy), false)
  assert.deepEqual(readdirSync(cache), [])
})

test('an archive that could not be finished is not there', async (t) => {
  const { cache, tree } = places(t)
  writeFileSync(join(tree, 'file'), 'x')
  await assert.rejects(treeCache(cache, KEY, runner).save(tree, AbortSignal.abort()))
  assert.deepEqual(readdirSync(cache), [])
})
