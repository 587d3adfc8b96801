/** Builds the tree of a Debian system. */

import { access, mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { ProcessFailed, type ProcessRunner } from '@insula/kernel'
import type { BuiltTree } from '../built-tree.ts'
import { TemplateFailed } from '../failure.ts'
import { type Package, sortPackages } from '../package.ts'
import { putPackageList, takePackageList } from '../package-list.ts'
import type { BuildProgress } from '../template.ts'
import { mustAnswerAll } from './archives.ts'
import { cleanDebian, finishDebian } from './finish.ts'
import { withHashes } from './hashes.ts'
import { explain, KEYRING, mmdebstrapArgv, stepOf } from './mmdebstrap.ts'
import { cacheOf, type Origin, originOf } from './origin.ts'
import type { DebianRecipe } from './recipe.ts'
import { sourcesWhileBuilding } from './repositories.ts'

export interface DebianBuild {
  readonly runner: ProcessRunner
  readonly definition: { readonly name: string; readonly digest: string }
  readonly recipe: DebianRecipe
  /** Empty directory that will be the system's root. */
  readonly tree: string
  /** Empty directory for temporary files. */
  readonly work: string
  readonly mirror: string | undefined
  readonly aptDirectory: string
  readonly cache: string | undefined
  /** What is in the cache is not used: packages of today are wanted. */
  readonly fresh?: boolean
  /** Called before anything is downloaded; not for a tree from the cache. */
  readonly before?: () => Promise<void>
  /** Makes the installed tree what it is to be; not called for a tree from the cache, which is that already. */
  readonly dress?: (tree: string) => Promise<void>
  readonly signal: AbortSignal | undefined
  readonly onProgress: (progress: BuildProgress) => void
}

/** Installing takes half a minute on a good machine; a slow mirror may need long. */
const DEADLINE_MS = 45 * 60_000

export async function buildDebian(build: DebianBuild): Promise<BuiltTree> {
  const { runner, recipe, tree, signal, onProgress } = build
  onProgress({ step: 'asking the mirror', done: 0 })
  await keysKnown()
  const origin = await originOf(recipe.suite, build.mirror, build)
  const sources = [
    ...origin.archives.map(({ uri, suites }) => ({ address: uri, suites })),
    ...(recipe.repositories ?? []).map(({ name, address, suites }) => ({ name, address, suites })),
  ]
  const cache = build.cache === undefined ? null : cacheOf(build.cache, build.definition.digest, origin, runner)
  // Before any mirror is asked: what is here already needs none.
  if (cache !== null && build.fresh !== true && (await cache.load(tree, signal))) {
    onProgress({ step: 'took the tree from the cache', done: 85 })
    return { sources, packages: (await takePackageList(tree)) ?? (await installedPackages(runner, tree)) }
  }
  await mustAnswerAll(origin.archives, build)
  await build.before?.()
  await install(build, origin)
  // Before its lists are removed, but a script may install more.
  const lists = join(tree, LISTS)
  const kept = join(build.work, 'lists')
  await mkdir(kept)
  for (const entry of await readdir(lists, { withFileTypes: true }))
    if (!entry.isDirectory()) await rename(join(lists, entry.name), join(kept, entry.name))
  await finishDebian(tree, recipe, origin.archives, origin.settings)
  if (build.dress !== undefined) {
    await build.dress(tree)
    await cleanDebian(tree)
  }
  const packages = await withHashes(await installedPackages(runner, tree), kept)
  if (cache !== null) {
    await putPackageList(tree, packages)
    await cache.save(tree, signal)
    await takePackageList(tree)
  }
  return { sources, packages }
}

const LISTS = 'var/lib/apt/lists'

async function keysKnown(): Promise<void> {
  try {
    await access(KEYRING)
  } catch (cause) {
    const remedy = 'install them with: apt-get install debian-archive-keyring'
    throw new TemplateFailed('signature', `the keys of Debian's archive are not on this node: ${KEYRING} is missing`, remedy, {
      cause,
    })
  }
}

async function install(
  { runner, definition, recipe, tree, work, signal, onProgress }: DebianBuild,
  { archives, settings }: Origin,
) {
  try {
    const others = await sourcesWhileBuilding(recipe.repositories ?? [], work)
    await runner.run(mmdebstrapArgv(recipe, archives, settings, tree, others), {
      deadline: DEADLINE_MS,
      // What it leaves in its temporary directory when it is killed goes with ours.
      env: { TMPDIR: work, DEBIAN_FRONTEND: 'noninteractive' },
      onLine: (line) => {
        const step = stepOf(line)
        if (step !== null) onProgress(step)
      },
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof ProcessFailed ? explain(error, definition.name, archives, recipe.repositories) : error
  }
}

async function installedPackages(runner: ProcessRunner, tree: string): Promise<Package[]> {
  const format = '${db:Status-Status} ${Package} ${Version} ${Architecture}\\n'
  const { stdout } = await runner.run(['dpkg-query', `--admindir=${tree}/var/lib/dpkg`, '--show', `--showformat=${format}`])
  return sortPackages(
    stdout.split('\n').flatMap((line) => {
      const [status, name, version, architecture] = line.split(' ')
      if (status !== 'installed' || name === undefined || version === undefined || architecture === undefined) return []
      return [{ name, version, architecture }]
    }),
  )
}
