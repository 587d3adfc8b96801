import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ProcessRunner } from '@insula/kernel'
import { treeCache } from '../tree-cache.ts'
import { buildDebian } from './build-debian.ts'

test('a tree that is in the cache needs no mirror', async (t) => {
  const beside = mkdtempSync(join(tmpdir(), 'insula-build-'))
  t.after(() => rmSync(beside, { recursive: true, force: true }))
  const [aptDirectory, cache, tree] = ['apt', 'cache', 'tree'].map((name) => join(beside, name)) as [string, string, string]
  for (const directory of [aptDirectory, cache, tree]) mkdirSync(directory)
  writeFileSync(join(aptDirectory, 'sources.list'), 'deb http://mirror.example/debian bookworm main\n')

  const tools: string[] = []
  const runner: ProcessRunner = {
    async run([tool, ...words]) {
      tools.push(tool)
      const archive = words.find((word) => word.startsWith('--file='))?.slice('--file='.length)
      if (words[0] === '--create' && archive !== undefined) writeFileSync(archive, 'a tree')
      return {
        code: 0,
        stdout: tool === 'dpkg-query' ? 'installed apt 2.6 amd64\nhalf-installed less 1 amd64\n' : '',
        stderr: '',
      }
    },
  }
  const archives = [{ uri: 'http://mirror.example/debian', suites: ['bookworm'] }]
  await treeCache(cache, ['digest', archives, []], runner).save(tree)

  const { packages } = await buildDebian({
    runner,
    definition: { name: 'debian-12', digest: 'digest' },
    recipe: { suite: 'bookworm', packages: [], files: {}, links: {} },
    tree,
    work: beside,
    mirror: undefined,
    aptDirectory,
    cache,
    signal: undefined,
    onProgress: () => {},
  })
  assert.deepEqual(packages, [{ name: 'apt', version: '2.6', architecture: 'amd64' }])
  assert.deepEqual(tools, ['tar', 'apt-config', 'tar', 'dpkg-query'])
})
