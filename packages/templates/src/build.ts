/** Builds a template version: a tree, made by its definition's recipe, becomes a layer with a manifest. All or nothing. */

import { statfs } from 'node:fs/promises'
import { arch } from 'node:os'
import type { ProcessRunner } from '@insula/kernel'
import { type Vzfs, VzfsError } from '@insula/vzfs'
import { buildDebian } from './debian/build-debian.ts'
import { definitionDigest, findDefinition } from './definitions.ts'
import { TemplateFailed } from './failure.ts'
import { templateOf } from './manifest.ts'
import { buildMicro } from './micro/build-micro.ts'
import { formatReference, nextReference, parseReference } from './reference.ts'
import type { BuildProgress, Template, TemplateDefinition, TemplateManifest } from './template.ts'

export interface BuildNeed {
  readonly vzfs: Pick<Vzfs, 'path' | 'layers' | 'scratch' | 'discard'>
  readonly runner: ProcessRunner
  /** Address of a Debian archive, in place of the node's own. */
  readonly mirror?: string | undefined
  /** Directory of finished trees, see tree-cache.ts; none when absent. */
  readonly treeCache?: string | undefined
  readonly onProgress?: (progress: BuildProgress) => void
  readonly signal?: AbortSignal | undefined
  readonly now?: () => Date
  /** The node's /etc/apt. */
  readonly aptDirectory?: string
}

/** Free space on the volume that a build needs at its height: packages, the tree, and what installing adds for a while. */
const SPACE: Readonly<Record<TemplateDefinition['recipe']['kind'], number>> = { debian: 700 << 20, micro: 16 << 20 }

/** Where the tree is done and the layer begins, in per cent. */
const TREE_DONE = 90

/** @throws TemplateFailed; the signal's reason when aborted. Nothing is left then. */
export async function buildTemplate(definition: TemplateDefinition, need: BuildNeed): Promise<Template> {
  const { vzfs, signal } = need
  signal?.throwIfAborted()
  await spaceFor(definition, vzfs.path)
  const [tree, work] = [await vzfs.scratch(), await vzfs.scratch()]
  try {
    const packages = await buildTree(definition, need, tree, work)
    return await buildLayer(manifestFor(definition, packages), need, tree)
  } catch (error) {
    signal?.throwIfAborted()
    throw outOfSpace(error) ? noSpace(definition, vzfs.path, error) : error
  } finally {
    await vzfs.discard(tree)
    await vzfs.discard(work)
  }
}

/**
 * Hands a tree that is built as a template version was to `use`, and removes it. Packages are those of today, so it may differ.
 * @param ref of a version; nothing happens when its definition is gone
 */
export async function withTreeLike(ref: string, need: BuildNeed, use: (tree: string) => Promise<void>): Promise<void> {
  const definition = findDefinition(parseReference(ref)?.name ?? ref)
  if (!definition) return
  await spaceFor(definition, need.vzfs.path)
  const [tree, work] = [await need.vzfs.scratch(), await need.vzfs.scratch()]
  try {
    await buildTree(definition, need, tree, work)
    await use(tree)
  } finally {
    await need.vzfs.discard(tree)
    await need.vzfs.discard(work)
  }
}

async function buildTree(
  definition: TemplateDefinition,
  need: BuildNeed,
  tree: string,
  work: string,
): Promise<Record<string, string>> {
  const { runner, mirror, treeCache: cache, signal, onProgress = () => {}, aptDirectory = '/etc/apt' } = need
  const { recipe } = definition
  const common = { runner, tree, work, signal, onProgress }
  if (recipe.kind === 'micro') return buildMicro({ ...common, recipe })
  const described = { name: definition.name, digest: definitionDigest(definition) }
  return buildDebian({ ...common, recipe, definition: described, mirror, aptDirectory, cache })
}

async function buildLayer(
  manifest: TemplateManifest,
  { vzfs, signal, now = () => new Date(), onProgress = () => {} }: BuildNeed,
  tree: string,
) {
  const taken = (await vzfs.layers.list()).map((layer) => parseReference(layer.name)).filter((reference) => reference !== null)
  for (;;) {
    const reference = nextReference(manifest.name, taken, now())
    try {
      const layer = await vzfs.layers.build(formatReference(reference), tree, {
        manifest,
        progress: (done, total) =>
          onProgress({ step: 'sharing files', done: TREE_DONE + Math.floor(((100 - TREE_DONE) * done) / Math.max(1, total)) }),
        ...(signal ? { signal } : {}),
      })
      const template = templateOf(layer, manifest)
      if (template === null) throw new Error(`layer ${layer.name} was built and is no template`)
      return template
    } catch (error) {
      // Another build of the same day was quicker, and perhaps is not done yet. The tree is untouched then.
      if (!(error instanceof VzfsError && error.code === 'layer_exists')) throw error
      taken.push(reference)
    }
  }
}

function manifestFor(definition: TemplateDefinition, packages: Record<string, string>): TemplateManifest {
  const { name, description, distribution, release, init, stopSignal, readyProbe } = definition
  const architecture = ARCHITECTURES[arch()] ?? arch()
  return {
    name,
    definition: definitionDigest(definition),
    description,
    distribution,
    release,
    architecture,
    init,
    stopSignal,
    readyProbe,
    packages,
  }
}

/** Node's names to Debian's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

async function spaceFor(definition: TemplateDefinition, volume: string): Promise<void> {
  const { bavail, bsize } = await statfs(volume)
  if (bavail * bsize < SPACE[definition.recipe.kind]) throw noSpace(definition, volume)
}

function noSpace({ name, recipe }: TemplateDefinition, volume: string, cause?: unknown): TemplateFailed {
  const megabytes = SPACE[recipe.kind] >> 20
  return new TemplateFailed(
    'no_space',
    `template ${name} could not be built: it needs ${megabytes} MiB free on ${volume}`,
    'remove templates or VPSs that are not needed, or enlarge the volume',
    { cause },
  )
}

function outOfSpace(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}
