/** Puts the tree of a Debian system into the cache of trees, for another machine's cache. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessRunner } from '@insula/kernel'
import { nodeArchitecture } from './architecture.ts'
import { cacheOf, originOf } from './debian/origin.ts'
import { definitionDigest } from './definition-digest.ts'
import { installTree } from './install-tree.ts'
import type { BuildProgress, TemplateSource } from './template.ts'

export interface FillNeed {
  readonly runner: ProcessRunner
  /** An empty directory. */
  readonly work: string
  readonly treeCache: string
  readonly onProgress: (progress: BuildProgress) => void
}

/** @returns the archive in the cache */
export async function fillTreeCache(source: TemplateSource, { runner, work, treeCache, onProgress }: FillNeed): Promise<string> {
  const { install } = source.definition
  if (install.with !== 'mmdebstrap') throw new Error(`template ${source.name} is not made of Debian's packages`)
  const origin = await originOf(install.suite, undefined, { runner, aptDirectory: '/etc/apt', work })
  const cache = cacheOf(treeCache, definitionDigest(source), origin, runner)
  const found = await cache.archive()
  if (found !== null) return found
  const tree = join(work, 'tree')
  await mkdir(tree)
  await installTree(source, { runner, work, tree, treeCache, onProgress, architecture: nodeArchitecture(), fresh: false })
  const made = await cache.archive()
  if (made === null) throw new Error(`the tree of template ${source.name} was built and is not in ${treeCache}`)
  return made
}
