import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { ConfinedRoot } from './confined.ts'
import { confinedConformance } from './conformance.ts'
import { openConfinedRoot } from './real.ts'

confinedConformance('the real driver', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'confined-'))
  mkdirSync(join(directory, 'etc'))
  writeFileSync(join(directory, 'etc/name'), 'text')
  return {
    open: openConfinedRoot,
    directory,
    owner: process.getuid?.() ?? 0,
    [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true }),
  }
})

let outside = ''
let inside = ''
let root: ConfinedRoot
const me = process.getuid?.() ?? 0

beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'confined-'))
  inside = join(outside, 'root')
  mkdirSync(join(inside, 'etc'), { recursive: true })
  writeFileSync(join(outside, 'secret'), 'secret')
  root = openConfinedRoot(inside)
})
afterEach(() => {
  root[Symbol.dispose]()
  rmSync(outside, { recursive: true })
})

test('writes a file with its mode, and again only when it differs', () => {
  assert.equal(root.write('/etc/hostname', 'web\n', 0o640, me), true)
  assert.equal(readFileSync(join(inside, 'etc/hostname'), 'utf8'), 'web\n')
  assert.equal(lstatSync(join(inside, 'etc/hostname')).mode & 0o777, 0o640)
  assert.equal(root.write('/etc/hostname', 'web\n', 0o640, me), false)
  assert.equal(root.write('/etc/hostname', 'w\n', 0o640, me), true)
  assert.equal(root.read('/etc/hostname', 100), 'w\n')
})

test('links cannot lead out of the root: neither absolute, relative, nor through a directory', () => {
  symlinkSync(join(outside, 'secret'), join(inside, 'etc/absolute'))
  symlinkSync('../../../../../../secret', join(inside, 'etc/relative'))
  symlinkSync(outside, join(inside, 'way'))
  for (const path of ['/etc/absolute', '/etc/relative', '/way/secret', '/../secret'])
    assert.equal(root.read(path, 100), null, path)
  assert.equal(root.write('/way/new', 'x', 0o600, me), false)
  assert.equal(root.write('/etc/absolute', 'x', 0o600, me), false)
  assert.equal(readFileSync(join(outside, 'secret'), 'utf8'), 'secret')
})

test('a link inside the root is followed for reading, and left alone in writing', () => {
  writeFileSync(join(inside, 'etc/real'), 'real')
  symlinkSync('/etc/real', join(inside, 'etc/link'))
  assert.equal(root.read('/etc/link', 100), 'real')
  assert.equal(root.write('/etc/link', 'other', 0o600, me), false)
  assert.equal(root.read('/etc/real', 100), 'real')
})

test('a fifo, a directory, a missing parent and a huge file neither block nor fail', () => {
  execFileSync('mkfifo', [join(inside, 'etc/fifo')])
  writeFileSync(join(inside, 'etc/huge'), Buffer.alloc(1000))
  for (const path of ['/etc/fifo', '/etc', '/nowhere/file']) {
    assert.equal(root.read(path, 100), null, path)
    assert.equal(root.write(path, 'x', 0o600, me), false, path)
  }
  assert.equal(root.read('/etc/huge', 999), null)
  assert.equal(root.isDirectory('/etc'), true)
  assert.equal(root.isDirectory('/etc/huge'), false)
})

test('what is removed or made lies in the root, whatever leads there', () => {
  writeFileSync(join(outside, 'key'), 'of the node')
  symlinkSync(join(outside, 'key'), join(inside, 'etc/link'))
  symlinkSync(outside, join(inside, 'way'))
  symlinkSync('/etc', join(inside, 'other-way'))
  writeFileSync(join(inside, 'etc/key'), 'own')
  assert.equal(root.remove('/way/key'), false)
  assert.equal(root.remove('/etc/link'), true, 'the link itself')
  assert.equal(root.remove('/other-way/key'), true, 'through a link that stays inside')
  assert.equal(root.makeDirectory('/way/made', 0o755, me), false)
  assert.equal(root.makeDirectory('/other-way/made', 0o750, me), true)
  assert.equal(lstatSync(join(inside, 'etc/made')).mode & 0o777, 0o750)
  assert.equal(readFileSync(join(outside, 'key'), 'utf8'), 'of the node')
})
