/** Builds a template version: a tree, made by its definition, becomes a layer with a manifest. All or nothing. */

import { statfs } from 'node:fs/promises'
import { errorCode, type ProcessRunner } from '@insula/kernel'
import type { Vzfs } from '@insula/vzfs'
import { nodeArchitecture } from './architecture.ts'
import { definitionDigest } from './definition-digest.ts'
import type { BuiltTree } from './built-tree.ts'
import { TemplateFailed } from './failure.ts'
import { installTree } from './install-tree.ts'
import { templateOf } from './manifest.ts'
import { newVersion } from './new-version.ts'
import type { BuildProgress, PackageManager, Template, TemplateManifest, TemplateSource } from './template.ts'
import { sameAs } from './same.ts'
import { listTemplates } from './templates.ts'

export interface BuildNeed {
  readonly vzfs: Pick<Vzfs, 'path' | 'layers' | 'scratch' | 'discard'>
  readonly runner: ProcessRunner
  /** Address of a Debian archive, in place of the node's own. */
  readonly mirror?: string | undefined
  /** Directory of finished trees, see tree-cache.ts; none when absent. */
  readonly treeCache?: string | undefined
  readonly onProgress?: (progress: BuildProgress) => void
  /** What scripts write. */
  readonly log?: (line: string) => void
  readonly signal?: AbortSignal | undefined
  readonly now?: () => Date
  /** The node's /etc/apt. */
  readonly aptDirectory?: string
}

type Installer = TemplateSource['definition']['install']['with']

/** Free space on the volume that a build needs at its height: packages, the tree, and what installing adds for a while. */
const SPACE: Readonly<Record<Installer, number>> = { mmdebstrap: 700 << 20, dnf: 700 << 20, busybox: 16 << 20 }

const PACKAGE_MANAGERS: Readonly<Record<Installer, PackageManager>> = { mmdebstrap: 'apt', dnf: 'dnf', busybox: 'none' }

/** @throws TemplateFailed; the signal's reason when aborted. Nothing is left then. */
export async function buildTemplate(source: TemplateSource, need: BuildNeed): Promise<Template> {
  return withTree(source, need, false, (manifest, tree) => newVersion(manifest, need, tree, templateOf))
}

/**
 * Builds a version if it would be another one than the latest: its packages are others, or the definition. What the tree cache has is
 * not used, since it is of another day.
 * @returns null when nothing has changed. @throws as `buildTemplate`
 */
export async function updateTemplate(source: TemplateSource, need: BuildNeed): Promise<Template | null> {
  return withTree(source, need, true, async (manifest, tree) => {
    const latest = (await listTemplates(need.vzfs)).findLast(({ name }) => name === source.name)
    return latest !== undefined && sameAs(latest, manifest) ? null : newVersion(manifest, need, tree, templateOf)
  })
}

async function withTree<T>(
  source: TemplateSource,
  need: BuildNeed,
  fresh: boolean,
  use: (manifest: TemplateManifest, tree: string) => Promise<T>,
): Promise<T> {
  const { vzfs, signal } = need
  signal?.throwIfAborted()
  const architecture = mustFit(source)
  await spaceFor(source, vzfs.path)
  const [tree, work] = [await vzfs.scratch(), await vzfs.scratch()]
  try {
    const built = await installTree(source, { ...need, architecture, fresh, tree, work })
    return await use(manifestFor(source, architecture, built), tree)
  } catch (error) {
    signal?.throwIfAborted()
    throw outOfSpace(error) ? noSpace(source, vzfs.path, error) : error
  } finally {
    await vzfs.discard(tree)
    await vzfs.discard(work)
  }
}

/** Hands a tree that is built by a definition to `use`, and removes it. Packages are those of today. */
export async function withTreeOf(source: TemplateSource, need: BuildNeed, use: (tree: string) => Promise<void>): Promise<void> {
  await withTree(source, need, false, (_, tree) => use(tree))
}

function manifestFor(source: TemplateSource, architecture: string, { packages, sources }: BuiltTree): TemplateManifest {
  const { description, family, distribution, release, init, install } = source.definition
  return {
    name: source.name,
    definition: definitionDigest(source),
    description,
    family,
    distribution,
    release,
    architecture,
    init: init.kind,
    initPath: init.path,
    stopSignal: init.stopSignal,
    readyProbe: init.ready,
    packageManager: PACKAGE_MANAGERS[install.with],
    sources,
    packages,
  }
}

/** @returns the node's architecture */
function mustFit({ name, definition }: TemplateSource): string {
  const architecture = nodeArchitecture()
  if ((definition.architectures as readonly string[]).includes(architecture)) return architecture
  throw new TemplateFailed(
    'unsupported',
    `template ${name} could not be built: this node is ${architecture}, and its definition is for ${definition.architectures.join(', ')}`,
    'build it on such a node',
  )
}

async function spaceFor(source: TemplateSource, volume: string): Promise<void> {
  const { bavail, bsize } = await statfs(volume)
  if (bavail * bsize < SPACE[source.definition.install.with]) throw noSpace(source, volume)
}

function noSpace({ name, definition }: TemplateSource, volume: string, cause?: unknown): TemplateFailed {
  const megabytes = SPACE[definition.install.with] >> 20
  return new TemplateFailed(
    'no_space',
    `template ${name} could not be built: it needs ${megabytes} MiB free on ${volume}`,
    'remove templates or VPSs that are not needed, or enlarge the volume',
    { cause },
  )
}

export function outOfSpace(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'no_space'].includes(errorCode(error) ?? '')
}
