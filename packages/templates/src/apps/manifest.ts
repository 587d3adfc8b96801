/** manifest.json of an app version: written by the build, read back. */

import type { LayerInfo } from '@insula/vzfs'
import { TemplateFailed } from '../failure.ts'
import { formatVersion, parseReference } from '../reference.ts'
import type { App, AppManifest } from './app.ts'

/** null when the layer is no app. @throws TemplateFailed damaged */
export function appOf(layer: LayerInfo, manifest: unknown): App | null {
  const reference = parseReference(layer.name)
  if (reference === null || !isAppManifest(manifest)) return null
  const lists = [manifest.systems, manifest.scripts, manifest.needs]
  if (manifest.name !== reference.name || !lists.every(Array.isArray))
    throw new TemplateFailed(
      'damaged',
      `the manifest of app ${layer.name} is damaged`,
      `remove app ${layer.name} and build it again`,
    )
  return { ...manifest, ref: layer.name, version: formatVersion(reference), bytes: layer.bytes, builtAt: layer.builtAt }
}

export const isAppManifest = (value: unknown): value is AppManifest =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'app'
