/** A disk with the trees of the templates that tests build: there is no package mirror in the machine. */

import { hash } from 'node:crypto'
import { linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { ProcessRunner } from '@insula/kernel'
import { buildDebian, cacheOf, definitionDigest, definitions, originOf, type TemplateDefinition } from '@insula/templates'
import { CACHE, LABELS, TREES } from '../layout.ts'
import { cachedDirectory, ext4Of } from './disks.ts'

const BYTES = 2 * 1024 ** 3

export async function treesDisk(runner: ProcessRunner, say: (what: string) => void): Promise<string> {
  const archives: string[] = []
  for (const definition of definitions) {
    const archive = await archiveOf(runner, definition, say)
    if (archive !== null) archives.push(archive)
  }
  const digest = hash('sha256', [LABELS.trees, ...archives].join('\n')).slice(0, 32)
  const directory = await cachedDirectory(join(CACHE, `trees-${digest}`), async (staged) => {
    const contents = join(staged, 'contents')
    mkdirSync(contents)
    for (const archive of archives) linkSync(archive, join(contents, basename(archive)))
    await ext4Of(runner, contents, { image: join(staged, 'trees.ext4'), bytes: BYTES, label: LABELS.trees })
    rmSync(contents, { recursive: true })
  })
  return join(directory, 'trees.ext4')
}

/** In the cache of trees, where it is put if it is not there. null: such a template needs no packages. */
async function archiveOf(
  runner: ProcessRunner,
  definition: TemplateDefinition,
  say: (what: string) => void,
): Promise<string | null> {
  const { recipe, name } = definition
  if (recipe.kind !== 'debian') return null
  mkdirSync(CACHE, { recursive: true, mode: 0o700 })
  const work = mkdtempSync(join(CACHE, '.work-'))
  try {
    const need = { runner, aptDirectory: '/etc/apt', work, signal: undefined }
    const digest = definitionDigest(definition)
    const cache = cacheOf(TREES, digest, await originOf(recipe.suite, undefined, need), runner)
    const found = await cache.archive()
    if (found !== null) return found
    say(`building ${name} for the cache of trees (once)`)
    const tree = join(work, 'tree')
    mkdirSync(tree)
    const onProgress = ({ step }: { readonly step: string }): void => say(step)
    await buildDebian({ ...need, definition: { name, digest }, recipe, tree, mirror: undefined, cache: TREES, onProgress })
    return await cache.archive()
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
