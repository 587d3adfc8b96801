/** Trees that tenants arranged: too deep for a path, names that are no text, links that lead out. */

import assert from 'node:assert/strict'
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { diskUse } from './disk-use.ts'
import { Trash } from './trash.ts'

function trashOf(t: TestContext) {
  const beside = mkdtempSync('/var/tmp/insula-trash-')
  t.after(() => rmSync(beside, { recursive: true, force: true }))
  const path = join(beside, 'trash')
  mkdirSync(path)
  const warnings: string[] = []
  const released: number[] = []
  const open = () =>
    new Trash(
      path,
      (message) => warnings.push(message),
      (owner) => released.push(owner),
    )
  return { beside, path, warnings, released, open, trash: open() }
}

/** `depth` directories in one another, made from the inside out: no path is ever long. */
function deepTree(parent: string, depth: number): string {
  const name = 'd'.repeat(200)
  let tree = join(parent, 'seed')
  mkdirSync(tree)
  writeFileSync(join(tree, 'bottom'), 'x')
  for (let level = 1; level < depth; level++) {
    const outer = join(parent, `outer-${level}`)
    mkdirSync(outer)
    writeFileSync(join(outer, 'file'), 'x')
    renameSync(tree, join(outer, name))
    tree = outer
  }
  return tree
}

test('a tree deeper than any path can be is measured and deleted', async (t) => {
  const { beside, path, trash, warnings } = trashOf(t)
  const tree = deepTree(beside, 300)
  assert.throws(() => readdirSync(join(tree, ...Array.from({ length: 299 }, () => 'd'.repeat(200)))), { code: 'ENAMETOOLONG' })
  assert.equal((await diskUse(tree)).inodes, 600)
  assert.equal(await trash.discard(tree), true)
  await trash.idle()
  assert.deepEqual([readdirSync(path), warnings], [[], []])
})

test('a directory of very many names is measured without having all of them in memory', async (t) => {
  const many = mkdtempSync('/dev/shm/insula-many-')
  t.after(() => rmSync(many, { recursive: true }))
  for (let file = 0; file < 300_000; file++) closeSync(openSync(join(many, `file-${file}`), 'w'))
  const before = process.memoryUsage.rss()
  let [inodes, highest] = [0, 0]
  const use = await diskUse(many, () => {
    inodes += 1
    if (inodes % 10_000 === 1) highest = Math.max(highest, process.memoryUsage.rss())
  })
  assert.deepEqual([inodes, use.inodes], [300_000, 300_001])
  // As a list of all, it is 160 MB.
  assert.ok(highest - before < 80 << 20, `${(highest - before) >> 20} MB`)
})

test('links are deleted and never followed', async (t) => {
  const { beside, path, trash } = trashOf(t)
  const kept = join(beside, 'kept')
  mkdirSync(kept)
  for (let index = 0; index < 40; index++) writeFileSync(join(kept, `file-${index}`), 'x')
  const tree = join(beside, 'tree')
  mkdirSync(join(tree, 'inner'), { recursive: true })
  symlinkSync(kept, join(tree, 'inner/link'))
  symlinkSync(kept, join(path, 'link'))
  assert.equal((await diskUse(tree)).inodes, 3)
  await trash.discard(tree)
  await trash.empty()
  await trash.idle()
  assert.deepEqual(readdirSync(path), [])
  assert.equal(readdirSync(kept).length, 40)
})

test('names of any bytes, and directories nobody may enter', async (t) => {
  const { beside, path, trash } = trashOf(t)
  const tree = join(beside, 'tree')
  mkdirSync(join(tree, 'closed'), { recursive: true, mode: 0o000 })
  mkdirSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.of(0xff, 0x0a)]))
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.of(0xff, 0x0a), Buffer.from('/'), Buffer.of(0xfe)]), 'x')
  assert.equal((await diskUse(tree)).inodes, 4)
  await trash.discard(tree)
  await trash.idle()
  assert.deepEqual(readdirSync(path), [])
})

test('what is not there is no work', async (t) => {
  const { beside, trash } = trashOf(t)
  assert.equal(await trash.discard(join(beside, 'nothing')), false)
  assert.deepEqual(await diskUse(join(beside, 'nothing')), { bytes: 0, inodes: 0 })
  await trash.idle()
})

test('an owner is known until the last piece is gone, also to the next process', async (t) => {
  const { beside, path, trash, open, released } = trashOf(t)
  for (const name of ['one', 'two']) mkdirSync(join(beside, name, 'a/b'), { recursive: true })
  await trash.discard(join(beside, 'one'), 700_000)
  assert.deepEqual([...trash.owners()], [700_000])
  await trash.idle()
  assert.deepEqual([[...trash.owners()], released, readdirSync(path)], [[], [700_000], []])

  // What a process that was killed in the middle leaves: the tree's own directory is gone, a part of it is not.
  await trash.discard(join(beside, 'two'), 800_000)
  const parts = async (): Promise<string[]> => {
    for (let look = 0; look < 1_000; look++) {
      const names = readdirSync(path).filter((name) => name.endsWith('.part'))
      if (names.length > 0) return names
      await new Promise((resolve) => setImmediate(resolve))
    }
    return []
  }
  for (const name of await parts()) assert.match(name, /^of-800000\.[0-9a-f]{16}\.part$/)
  await trash.idle()
  mkdirSync(join(path, 'of-900000.0123456789abcdef.part/deep'), { recursive: true })
  const next = open()
  await next.empty()
  assert.deepEqual([...next.owners()], [900_000])
  await next.idle()
  assert.deepEqual([[...next.owners()], released, readdirSync(path)], [[], [700_000, 800_000, 900_000], []])
})
