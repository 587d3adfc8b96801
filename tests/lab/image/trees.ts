/** A disk with the trees of the templates that tests build: there is no package mirror in the machine. */

import { hash } from 'node:crypto'
import { linkSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { ProcessRunner } from '@insula/kernel'
import { shippedSource } from '@insula/node'
import { fillTreeCache } from '@insula/templates'
import { CACHE, LABELS, TREES } from '../layout.ts'
import { cachedDirectory, ext4Of } from './disks.ts'

/** micro needs no packages. */
const BUILT_BY_TESTS = ['debian-12', 'debian-13'] as const

const BYTES = 2 * 1024 ** 3

export async function treesDisk(runner: ProcessRunner, say: (what: string) => void): Promise<string> {
  const archives: string[] = []
  for (const name of BUILT_BY_TESTS) archives.push(await archiveOf(runner, name, say))
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

/** In the cache of trees, where it is put if it is not there. */
async function archiveOf(runner: ProcessRunner, name: string, say: (what: string) => void): Promise<string> {
  mkdirSync(CACHE, { recursive: true, mode: 0o700 })
  const work = mkdtempSync(join(CACHE, '.work-'))
  try {
    return await fillTreeCache(await shippedSource(name), {
      runner,
      work,
      treeCache: TREES,
      onProgress: ({ step }) => say(`${name}: ${step}`),
    })
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
