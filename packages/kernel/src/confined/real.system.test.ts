import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { entryConformance } from './conformance.ts'
import { openConfinedRoot } from './real.ts'

const scratch = (): { directory: string; make: (path: string, mode: number, owner: number) => void } => {
  const directory = mkdtempSync(join(tmpdir(), 'confined-'))
  chmodSync(directory, 0o755)
  const make = (path: string, mode: number, owner: number): void => {
    mkdirSync(join(directory, path))
    chmodSync(join(directory, path), mode)
    chownSync(join(directory, path), owner, owner)
  }
  return { directory, make }
}

entryConformance('the real driver', async () => {
  const { directory, make } = scratch()
  mkdirSync(join(directory, 'etc'))
  writeFileSync(join(directory, 'etc/name'), 'text')
  return {
    open: openConfinedRoot,
    directory,
    make,
    owner: 0,
    [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true }),
  }
})

test('a group lets in, and afterwards this process is root as before', (t) => {
  const { directory, make } = scratch()
  t.after(() => rmSync(directory, { recursive: true }))
  make('shared', 0o770, 4_003)
  using root = openConfinedRoot(directory)
  assert.equal(root.refusesEntry('/shared', { uid: 4_001, gid: 4_001, groups: [4_003] }), null)
  assert.equal(root.refusesEntry('/shared', { uid: 4_001, gid: 4_001, groups: [] }), 'EACCES')
  mkdirSync(join(directory, 'shared/mine'))
  const { uid, gid } = statSync(join(directory, 'shared/mine'))
  assert.deepEqual([uid, gid, process.umask()], [0, 0, 0o022])
})
