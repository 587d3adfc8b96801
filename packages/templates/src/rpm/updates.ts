/** The packages that a later version of a system of RPM packages has in place of an earlier one's: fetched by the node's dnf, verified, kept as an app version is. */

import { hash } from 'node:crypto'
import { copyFile, mkdir, readdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ProcessFailed } from '@insula/kernel'
import type { App, AppOnSystem, AppPackage } from '../apps/app.ts'
import { appOf } from '../apps/manifest.ts'
import { newVersion } from '../new-version.ts'
import { type UpdateNeed, updatesBetween, updatesName } from '../apps/updates.ts'
import { TemplateFailed } from '../failure.ts'
import type { Template, TemplateSource } from '../template.ts'
import { CACHE, dnfArgv, writeDnfSettings } from './dnf.ts'
import { explain } from './explain.ts'
import { packagesIn } from './installed.ts'
import type { RpmRecipe } from './recipe.ts'
import { rpmRecipe } from './source-recipe.ts'

const DEADLINE_MS = 45 * 60_000

/** @param before earlier versions of the same template @throws TemplateFailed */
export async function buildRpmUpdates(
  target: Template,
  before: readonly Template[],
  source: TemplateSource,
  need: UpdateNeed,
): Promise<App> {
  const { vzfs, signal, onProgress = () => {} } = need
  const { install } = source.definition
  if (install.with !== 'dnf')
    throw new TemplateFailed(
      'failed',
      `there are no updates of ${target.ref}: the definition ${source.name} is not of RPM packages any more`,
      'build the template anew, and move VPSs with `insula vzfs rebase`',
    )
  const recipe = await rpmRecipe(source, install)
  const tree = await vzfs.scratch()
  try {
    const directory = join(tree, target.name)
    await mkdir(directory, { mode: 0o755 })
    const packages = new Map<string, AppPackage>()
    const wanted = new Map<string, string>()
    const differing = before.filter((one) => updatesBetween(one, target).length > 0)
    for (const [at, one] of differing.entries()) {
      onProgress({ step: `packages for ${one.ref}`, done: Math.floor((90 * at) / differing.length) })
      const updates = updatesBetween(one, target)
      for (const { name, version } of updates) wanted.set(name, version)
      for (const each of await fetched(one, updates, recipe, directory, need)) packages.set(each.file, each)
    }
    const system: AppOnSystem = {
      os: target.name,
      builtFor: before.map(({ ref }) => ref),
      wanted: [...wanted].map(([name, version]) => ({ name, version })),
      packages: [...packages.values()],
      packageManager: 'dnf',
    }
    const manifest = {
      kind: 'app' as const,
      name: updatesName(target.name),
      definition: hash('sha256', `${target.ref} ${target.definition}`),
      description: `Packages that ${target.ref} has later than versions before it`,
      needs: [],
      parameters: {},
      scripts: [],
      health: null,
      updates: target.ref,
      application: null,
      systems: [system],
    }
    return await newVersion(manifest, need, tree, appOf)
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    await vzfs.discard(tree)
  }
}

/** Of one version: what its package database lacks, and what that needs besides, moved into a directory. */
async function fetched(
  { ref }: Template,
  updates: readonly { readonly name: string; readonly version: string }[],
  recipe: RpmRecipe,
  into: string,
  need: UpdateNeed,
): Promise<AppPackage[]> {
  const { vzfs, runner, signal, onLine = () => {} } = need
  const work = await vzfs.scratch()
  try {
    const [tree, settings] = [join(work, 'tree'), join(work, 'dnf')]
    const file = `${recipe.database.slice(1)}/rpmdb.sqlite`
    const database = await vzfs.layers.contents(ref, file)
    if (database === null)
      throw new TemplateFailed('failed', `template ${ref} has no package database at /${file}`, 'build the template anew')
    for (const name of ['dev', 'proc', 'sys']) await mkdir(join(tree, name), { recursive: true })
    await mkdir(join(tree, dirname(file)), { recursive: true })
    await copyFile(database, join(tree, file))
    await mkdir(settings)
    await writeDnfSettings(recipe, settings)
    const names = updates.map(({ name, version }) => `${name}-${version}`)
    // It looks at signatures before it ends.
    const argv = dnfArgv(recipe, { tree, settings }, true, ['install', '--downloadonly', ...names])
    await runner.run(argv, { deadline: DEADLINE_MS, onLine, ...(signal ? { signal } : {}) }).catch((error: unknown) => {
      signal?.throwIfAborted()
      throw error instanceof ProcessFailed ? explain(error, `updates of ${ref} could not be fetched`, recipe) : error
    })
    const cache = join(tree, CACHE)
    const files = (await readdir(cache, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && entry.name.endsWith('.rpm'))
      .map((entry) => join(entry.parentPath, entry.name))
    return await Promise.all(
      (await packagesIn(runner, files)).map(async ({ path, ...one }) => {
        const name = `${one.name}-${one.version.replace(':', '_')}.${one.architecture}.rpm`
        await rename(path, join(into, name))
        return { ...one, file: name }
      }),
    )
  } finally {
    await vzfs.discard(work)
  }
}
