/** Builds an app version: for each OS template that it fits, its packages. All or nothing. */

import { mkdir, rename, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ProcessRunner } from '@insula/kernel'
import { outOfSpace } from '../build.ts'
import type { Vzfs } from '@insula/vzfs'
import { nodeSettings } from '../debian/origin.ts'
import { TemplateFailed } from '../failure.ts'
import { newVersion, TREE_DONE } from '../new-version.ts'
import type { BuildProgress, PackageSource } from '../template.ts'
import type { App, AppManifest, AppOnSystem, AppSource, AppWants } from './app.ts'
import { fetchClosure, formatIndex } from './deb/closure.ts'
import type { Stanza } from './deb/control.ts'
import { appOf } from './manifest.ts'
import { readSystem } from './system.ts'

/** An OS template version. */
export interface AppSystem {
  readonly ref: string
  readonly name: string
  readonly family: string
  readonly architecture: string
  readonly sources: readonly PackageSource[]
}

export interface AppBuildNeed {
  readonly vzfs: Pick<Vzfs, 'path' | 'layers' | 'scratch' | 'discard'>
  readonly runner: ProcessRunner
  /** All OS template versions of the node. */
  readonly systems: readonly AppSystem[]
  /** In place of the archives that OS templates name. */
  readonly mirror?: string | undefined
  /** Where lists of packages are kept between builds. */
  readonly lists?: string | undefined
  readonly onProgress?: (progress: BuildProgress) => void
  readonly onLine?: (line: string) => void
  readonly signal?: AbortSignal | undefined
  readonly now?: () => Date
}

/** @throws TemplateFailed; the signal's reason when aborted. Nothing is left then. */
export async function buildApp(source: AppSource, need: AppBuildNeed): Promise<App> {
  const { vzfs, signal, onProgress = () => {} } = need
  signal?.throwIfAborted()
  const fitting = need.systems.flatMap((system) => {
    const wants = source.wants(system)
    return wants === null ? [] : [{ system, wants }]
  })
  if (fitting.length === 0)
    throw new TemplateFailed(
      'failed',
      `app ${source.name} could not be built: no OS template of this node is one that it fits`,
      'build such an OS template first; `insula template show` of the app says which it fits',
    )
  const tree = await vzfs.scratch()
  try {
    const found = new Map<string, SystemBuild>()
    for (const [index, { system, wants }] of fitting.entries()) {
      onProgress({ step: `packages for ${system.ref}`, done: Math.floor((TREE_DONE * index) / fitting.length) })
      const before = found.get(system.name)
      const after = await addSystem(source.name, system, wants, before, tree, need)
      if (after !== null) found.set(system.name, after)
    }
    if (found.size === 0)
      throw new TemplateFailed(
        'failed',
        `app ${source.name} could not be built: none of the OS templates that it fits has packages of Debian's kind`,
        'build one that has',
      )
    for (const { system, stanzas } of found.values()) await writeFile(join(tree, system.os, 'Packages'), formatIndex(stanzas))
    return await newVersion(manifestOf(source, [...found.values()]), need, tree, appOf)
  } catch (error) {
    signal?.throwIfAborted()
    throw outOfSpace(error)
      ? new TemplateFailed(
          'no_space',
          `app ${source.name} could not be built: no space is left on the volume`,
          'remove templates or VPSs that are not needed, or enlarge the volume',
          { cause: error },
        )
      : error
  } finally {
    await vzfs.discard(tree)
  }
}

interface SystemBuild {
  readonly system: AppOnSystem
  readonly stanzas: readonly Stanza[]
  readonly application: string | null
  /** Digests of what was installed in the versions that were looked at. */
  readonly looked: ReadonlySet<string>
}

/** One more version of an OS template: VPSs of an older one may need packages that a later one has already. */
async function addSystem(
  app: string,
  { ref, name, architecture, sources: origin }: AppSystem,
  wants: AppWants,
  before: SystemBuild | undefined,
  tree: string,
  { vzfs, runner, mirror, lists, signal, onLine }: AppBuildNeed,
): Promise<SystemBuild | null> {
  const read = await readSystem(vzfs.layers, { ref, sources: origin }, mirror)
  if (read === null) return before ?? null
  const digest = createHash('sha256').update(read.status).digest('hex')
  const builtFor = [...(before?.system.builtFor ?? []), ref]
  if (before?.looked.has(digest)) return { ...before, system: { ...before.system, builtFor } }
  const work = await vzfs.scratch()
  try {
    const settings = await nodeSettings(runner, signal)
    const sources = [...read.sources, ...wants.archives]
    const closure = await fetchClosure(
      `app ${app} for ${ref}`,
      wants.packages,
      { status: read.status, architecture, sources, settings },
      { runner, work, lists, signal, onLine },
    )
    await mkdir(join(tree, name), { recursive: true, mode: 0o755 })
    const known = new Set(before?.system.packages.map(({ file }) => file))
    const added = closure.packages.filter(({ file }) => !known.has(file))
    for (const { path, file } of added) await rename(path, join(tree, name, file))
    const addedFiles = new Set(added.map(({ file }) => file))
    return {
      system: {
        os: name,
        builtFor,
        wanted: closure.wanted,
        packages: [...(before?.system.packages ?? []), ...added.map(({ path: _path, ...one }) => one)],
      },
      stanzas: [
        ...(before?.stanzas ?? []),
        ...closure.stanzas.filter((_, at) => addedFiles.has(closure.packages[at]?.file ?? '')),
      ],
      application: closure.wanted.find((one) => one.name === (wants.mainPackage ?? closure.wanted[0]?.name))?.version ?? null,
      looked: new Set([...(before?.looked ?? []), digest]),
    }
  } finally {
    await vzfs.discard(work)
  }
}

function manifestOf(source: AppSource, builds: readonly SystemBuild[]): AppManifest {
  const { name, description, needs, parameters, scripts, health, digest, updates } = source
  return {
    kind: 'app',
    name,
    definition: digest,
    description,
    needs,
    parameters,
    scripts,
    health,
    ...(updates === undefined ? {} : { updates }),
    application: builds.at(-1)?.application ?? null,
    systems: builds.map(({ system }) => system),
  }
}
