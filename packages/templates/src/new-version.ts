/** A finished tree becomes the next version of what its manifest names, be it an OS template or an app. */

import { type LayerInfo, type Vzfs, VzfsError } from '@insula/vzfs'
import { formatReference, nextReference, parseReference } from './reference.ts'
import type { BuildProgress } from './template.ts'

export interface VersionNeed {
  readonly vzfs: Pick<Vzfs, 'layers'>
  readonly signal?: AbortSignal | undefined
  readonly now?: () => Date
  readonly onProgress?: (progress: BuildProgress) => void
}

/** Where the tree is done and the layer begins, in per cent. */
export const TREE_DONE = 90

/**
 * @param read what such a layer is; null when it is none
 * @throws VzfsError; the signal's reason when aborted
 */
export async function newVersion<M extends { readonly name: string }, T>(
  manifest: M,
  { vzfs, signal, now = () => new Date(), onProgress = () => {} }: VersionNeed,
  tree: string,
  read: (layer: LayerInfo, manifest: M) => T | null,
): Promise<T> {
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
      const version = read(layer, manifest)
      if (version === null) throw new Error(`layer ${layer.name} was built and is not what its manifest says`)
      return version
    } catch (error) {
      // Another build of the same day was quicker, and perhaps is not done yet. The tree is untouched then.
      if (!(error instanceof VzfsError && error.code === 'layer_exists')) throw error
      taken.push(reference)
    }
  }
}
