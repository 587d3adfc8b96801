/** Builds the tree of a system of RPM packages, with the node's dnf. */

import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ProcessFailed, type ProcessRunner } from '@insula/kernel'
import type { BuiltTree } from '../built-tree.ts'
import { TemplateFailed } from '../failure.ts'
import type { BuildProgress } from '../template.ts'
import { CACHE, dnfArgv, stepOf, writeDnfSettings } from './dnf.ts'
import { explain } from './explain.ts'
import { cleanRpm, finishRpm } from './finish.ts'
import { installedRpms } from './installed.ts'
import { addressOf, type RpmRecipe } from './recipe.ts'

export interface RpmBuild {
  readonly runner: ProcessRunner
  /** "rocky-9" */
  readonly template: string
  readonly recipe: RpmRecipe
  /** Empty directory that will be the system's root. */
  readonly tree: string
  /** Empty directory for temporary files. */
  readonly work: string
  readonly mirror: string | undefined
  /** Called before anything is downloaded. */
  readonly before: () => Promise<void>
  /** Makes the installed tree what it is to be. */
  readonly dress: () => Promise<void>
  readonly signal: AbortSignal | undefined
  readonly onProgress: (progress: BuildProgress) => void
  /** What dnf says. */
  readonly log: (line: string) => void
}

const DEADLINE_MS = 45 * 60_000

export async function buildRpm(build: RpmBuild): Promise<BuiltTree> {
  const { runner, template, recipe, tree, work, mirror, onProgress } = build
  if (mirror !== undefined)
    throw new TemplateFailed(
      'bad_mirror',
      `template ${template} could not be built: --mirror is for Debian's archive, and its packages are RPMs`,
      'change the addresses in its definition; see `insula template new --extends`',
    )
  await toolsThere(template)
  onProgress({ step: 'asking the repositories', done: 0 })
  await build.before()
  const settings = join(work, 'dnf')
  await mkdir(settings)
  await writeDnfSettings(recipe, settings)
  // Mount points; packages bring them with the modes that they want.
  for (const name of ['dev', 'proc', 'sys']) await mkdir(join(tree, name))
  // Scripts of packages are run by the second, which needs no network any more.
  await dnf(build, settings, true, ['install', '--downloadonly', ...recipe.packages])
  await dnf(build, settings, false, ['--cacheonly', 'install', ...recipe.packages])
  const packages = await installedRpms(runner, tree, recipe.database, join(tree, CACHE))
  await finishRpm(tree, recipe)
  await build.dress()
  await cleanRpm(tree, recipe)
  return { packages, sources: recipe.repositories.map((one) => ({ address: addressOf(one), suites: [] })) }
}

async function dnf(
  { runner, template, recipe, tree, signal, onProgress, log }: RpmBuild,
  settings: string,
  network: boolean,
  words: readonly string[],
): Promise<void> {
  try {
    await runner.run(dnfArgv(recipe, { tree, settings }, network, words), {
      deadline: DEADLINE_MS,
      onLine: (line) => {
        log(line)
        const step = stepOf(line)
        if (step !== null) onProgress(step)
      },
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof ProcessFailed ? explain(error, `template ${template} could not be built`, recipe) : error
  }
}

/** They are not among what every node needs. */
async function toolsThere(template: string): Promise<void> {
  for (const tool of ['dnf', 'rpm'])
    await access(`/usr/bin/${tool}`).catch((cause: unknown) => {
      const message = `template ${template} could not be built: ${tool} is not installed on this node`
      throw new TemplateFailed('tool_missing', message, 'install it with: apt-get install dnf rpm', { cause })
    })
}
