/** Builds the tree of a Debian system. */

import { access } from 'node:fs/promises'
import { ProcessFailed, type ProcessRunner } from '@insula/kernel'
import { TemplateFailed } from '../failure.ts'
import type { BuildProgress } from '../template.ts'
import { treeCache } from '../tree-cache.ts'
import { type AptSetting, parseSettings } from './apt-settings.ts'
import { type Archive, chooseArchives } from './archives.ts'
import { finishDebian } from './finish.ts'
import { explain, KEYRING, mmdebstrapArgv, stepOf } from './mmdebstrap.ts'
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
  const archives = await chooseArchives(recipe.suite, build.mirror, build)
  const settings = await nodeSettings(runner, signal)

  const cache = build.cache === undefined ? null : treeCache(build.cache, [build.definition.digest, archives, settings], runner)
  if (cache !== null && (await cache.load(tree, signal))) {
    onProgress({ step: 'took the tree from the cache', done: 85 })
    return installedPackages(runner, tree)
  }
  await install(build, archives, settings)
  await finishDebian(tree, recipe, archives, settings)
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

async function nodeSettings(runner: ProcessRunner, signal: AbortSignal | undefined): Promise<AptSetting[]> {
  const { stdout } = await runner.run(['apt-config', 'dump', '--format', '%f "%v";%n'], signal ? { signal } : {})
  return parseSettings(stdout)
}

async function install(
  { runner, definition, recipe, tree, work, signal, onProgress }: DebianBuild,
  archives: Archive[],
  settings: AptSetting[],
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
