import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { type DiskUse, diskUse } from './disk-use.ts'

function scratch(t: TestContext): { readonly tree: string; readonly outside: string } {
  const root = mkdtempSync(join(tmpdir(), 'insula-disk-use-'))
  t.after(() => rmSync(root, { recursive: true }))
  const [tree, outside] = [join(root, 'tree'), join(root, 'outside')]
  mkdirSync(join(tree, 'a', 'b'), { recursive: true })
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret'), 'x'.repeat(100_000))
  return { tree, outside }
}

test('a directory that becomes a link to the outside once it was seen is not entered', async (t) => {
  const { tree, outside } = scratch(t)
  const seen: string[] = []
  await diskUse(tree, (_, stats, relative) => {
    seen.push(relative)
    if (relative !== 'a') return
    assert.ok(stats.isDirectory())
    renameSync(join(tree, 'a'), join(outside, 'taken'))
    symlinkSync(outside, join(tree, 'a'))
  })
  assert.deepEqual(seen, ['a'])
})

/** The first of two directories leaves for the outside while it is being read, `times` times, so that its ".." is another one; it is back when one looks anew. */
function moving({ tree, outside }: ReturnType<typeof scratch>, times: number): Promise<DiskUse> {
  for (const name of ['b', 'c']) {
    mkdirSync(join(tree, 'a', name), { recursive: true })
    writeFileSync(join(tree, 'a', name, 'file'), '')
  }
  const away = join(outside, 'away')
  let [moves, from] = [0, '']
  return diskUse(tree, (_path, _stats, relative) => {
    if (relative === 'a' && existsSync(away)) renameSync(away, from)
    if (!relative.endsWith('/file') || existsSync(away) || moves++ >= times) return
    from = join(tree, relative, '..')
    renameSync(from, away)
  })
}

test('when a directory is moved away under its hands it begins anew', async (t) => {
  assert.equal((await moving(scratch(t), 2)).inodes, 6)
})

test('when that does not end it gives up', async (t) => {
  await assert.rejects(
    moving(scratch(t), Infinity),
    /^NeverStill: cannot measure .*: directories in it are moved faster than they can be read$/,
  )
})
