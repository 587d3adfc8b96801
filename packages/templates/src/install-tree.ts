/** Makes the tree of a system as its definition says: scripts, packages, files, in this order. */

import type { BuiltTree } from './built-tree.ts'
import { buildDebian } from './debian/build-debian.ts'
import type { DebianRecipe } from './debian/recipe.ts'
import type { BuildNeed } from './build.ts'
import { definitionDigest } from './definition-digest.ts'
import { dress, removeWhatGoes } from './dress.ts'
import { keyBytes } from './keys.ts'
import { buildMicro } from './micro/build-micro.ts'
import { buildRpm } from './rpm/build-rpm.ts'
import { rpmRecipe } from './rpm/source-recipe.ts'
import { osScripts } from './scripts/run-scripts.ts'
import type { TemplateSource } from './template.ts'

export interface TreeNeed extends Omit<BuildNeed, 'vzfs'> {
  readonly architecture: string
  /** Not from a cache. */
  readonly fresh: boolean
  /** Empty directory that will be the system's root. */
  readonly tree: string
  /** Empty directory for temporary files. */
  readonly work: string
}

export async function installTree(source: TemplateSource, need: TreeNeed): Promise<BuiltTree> {
  const { runner, work, tree, architecture, signal, onProgress = () => {}, log = () => {} } = need
  const scripts = osScripts(source, architecture, { runner, work, signal, log })
  await scripts.run('pre-cache', null)
  const built = await install(source, need, {
    before: () => scripts.run('pre-install', null),
    dress: async () => {
      await dress(tree, source)
      await scripts.run('post-install', tree)
      await removeWhatGoes(tree, source)
    },
  })
  onProgress({ step: 'the tree is done', done: 88 })
  await scripts.run('post-cache', tree)
  return built
}

interface Steps {
  readonly before: () => Promise<void>
  readonly dress: () => Promise<void>
}

async function install(source: TemplateSource, need: TreeNeed, { before, dress: dressed }: Steps): Promise<BuiltTree> {
  const { runner, tree, work, signal, mirror, fresh, architecture, treeCache: cache } = need
  const { aptDirectory = '/etc/apt', onProgress = () => {}, log = () => {} } = need
  const { install: how } = source.definition
  const common = { runner, tree, work, signal, onProgress }
  if (how.with === 'busybox') {
    await before()
    const packages = await buildMicro({ ...common, architecture, directories: how.directories })
    await dressed()
    return { packages, sources: [] }
  }
  const withKeys = <T extends { readonly keys: readonly string[] }>(repositories: readonly T[]) =>
    Promise.all(
      repositories.map(async (one) => ({ ...one, keys: await Promise.all(one.keys.map((key) => keyBytes(source, key))) })),
    )
  if (how.with === 'dnf') {
    const recipe = await rpmRecipe(source, how)
    return buildRpm({ ...common, template: source.name, recipe, mirror, before, dress: dressed, log })
  }
  const definition = { name: source.name, digest: definitionDigest(source) }
  const recipe: DebianRecipe = {
    ...how,
    repositories: await withKeys(how.repositories),
    files: {},
    links: {},
  }
  return buildDebian({ ...common, recipe, definition, mirror, aptDirectory, cache, fresh, before, dress: dressed })
}
