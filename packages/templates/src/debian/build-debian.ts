/** Builds the tree of a Debian system. */

import { access } from 'node:fs/promises'
import { ProcessFailed, type ProcessRunner } from '@insula/kernel'
import { TemplateFailed } from '../failure.ts'
import type { BuildProgress } from '../template.ts'
import { mustAnswerAll } from './archives.ts'
import { finishDebian } from './finish.ts'
import { explain, KEYRING, mmdebstrapArgv, stepOf } from './mmdebstrap.ts'
import { cacheOf, type Origin, originOf } from './origin.ts'
import type { DebianRecipe } from './recipe.ts'

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
  readonly signal: AbortSignal | undefined
  readonly onProgress: (progress: BuildProgress) => void
}

/** Installing takes half a minute on a good machine; a slow mirror may need long. */
const DEADLINE_MS = 45 * 60_000

/** @returns packages with their versions */
export async function buildDebian(build: DebianBuild): Promise<Record<string, string>> {
  const { runner, recipe, tree, signal, onProgress } = build
  onProgress({ step: 'asking the mirror', done: 0 })
  await keysKnown()
  const origin = await originOf(recipe.suite, build.mirror, build)
  const cache = build.cache === undefined ? null : cacheOf(build.cache, build.definition.digest, origin, runner)
  // Before any mirror is asked: what is here already needs none.
  if (cache !== null && (await cache.load(tree, signal))) {
    onProgress({ step: 'took the tree from the cache', done: 85 })
    return installedPackages(runner, tree)
  }
  await mustAnswerAll(origin.archives, build)
  await install(build, origin)
  await finishDebian(tree, recipe, origin.archives, origin.settings)
  await cache?.save(tree, signal)
  return installedPackages(runner, tree)
}

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
    await runner.run(mmdebstrapArgv(recipe, archives, settings, tree), {
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
    throw error instanceof ProcessFailed ? explain(error, definition.name, archives) : error
  }
}

async function installedPackages(runner: ProcessRunner, tree: string): Promise<Record<string, string>> {
  const format = '${Package} ${Version}\n'
  const { stdout } = await runner.run(['dpkg-query', `--admindir=${tree}/var/lib/dpkg`, '--show', `--showformat=${format}`])
  const lines = stdout.split('\n').filter((line) => line !== '')
  return Object.fromEntries(lines.map((line) => line.split(' ', 2) as [string, string]))
}
