import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { ConfinedTree } from './confined-tree.ts'

async function treeIn(t: TestContext) {
  const beside = mkdtempSync(join(tmpdir(), 'insula-tree-'))
  t.after(() => rmSync(beside, { recursive: true, force: true }))
  const [root, outside] = [join(beside, 'root'), join(beside, 'outside')]
  for (const directory of [root, outside]) mkdirSync(directory)
  writeFileSync(join(outside, 'kept'), 'kept')
  return { root, outside, tree: await ConfinedTree.open(root) }
}

test('writes replace a link in place of following it', async (t) => {
  const { root, outside, tree } = await treeIn(t)
  mkdirSync(join(root, 'etc'))
  symlinkSync(join(outside, 'kept'), join(root, 'etc/resolv.conf'))
  symlinkSync(outside, join(root, 'etc/link'))
  await tree.write('/etc/resolv.conf', 'x', 0o600)
  await tree.link('/etc/link', '/somewhere')
  await tree.write('/usr/new/file', 'y')
  assert.equal(readFileSync(join(root, 'etc/resolv.conf'), 'utf8'), 'x')
  assert.equal(lstatSync(join(root, 'etc/resolv.conf')).mode & 0o777, 0o600)
  assert.equal(readFileSync(join(outside, 'kept'), 'utf8'), 'kept')
})

test('nothing is written or removed through a directory that leads out', async (t) => {
  const { root, outside, tree } = await treeIn(t)
  symlinkSync(outside, join(root, 'out'))
  await assert.rejects(tree.write('/out/kept', 'x'), /leads out of the tree/)
  await assert.rejects(tree.write('/out/deeper/new', 'x'), /leads out of the tree/)
  await assert.rejects(tree.remove('/out/kept'), /leads out of the tree/)
  await assert.rejects(tree.directory('/out', 0o777), /leads out of the tree/)
  await tree.clear('/out')
  await tree.clearFiles('/out')
  await tree.emptyFiles('/out')
  assert.deepEqual(readdirSync(outside), ['kept'])
  assert.equal(readFileSync(join(outside, 'kept'), 'utf8'), 'kept')
})

test('clear, clearFiles and emptyFiles keep directories', async (t) => {
  const { root, tree } = await treeIn(t)
  mkdirSync(join(root, 'var/log/apt'), { recursive: true })
  for (const name of ['var/log/a', 'var/log/apt/b']) writeFileSync(join(root, name), 'text')
  await tree.emptyFiles('/var/log')
  assert.equal(readFileSync(join(root, 'var/log/apt/b'), 'utf8'), '')
  symlinkSync('/nowhere', join(root, 'var/log/apt/c'))
  await tree.clearFiles('/var/log')
  assert.deepEqual(readdirSync(join(root, 'var/log'), { recursive: true }), ['apt'])
  await tree.clear('/var/log')
  assert.deepEqual(readdirSync(join(root, 'var/log')), [])
  await tree.clear('/nothing')
  await tree.remove('/nothing/here')
})
