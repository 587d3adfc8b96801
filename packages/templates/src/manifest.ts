/** manifest.json of a template: written by the build, read back with distrust. */

import type { LayerInfo } from '@insula/vzfs'
import { isAppManifest } from './apps/manifest.ts'
import { TemplateFailed } from './failure.ts'
import { formatVersion, parseReference } from './reference.ts'
import type { Template, TemplateManifest } from './template.ts'

/** null when the layer is no template at all. @throws TemplateFailed damaged */
export function templateOf(layer: LayerInfo, manifest: unknown): Template | null {
  const reference = parseReference(layer.name)
  if (reference === null || manifest === null || isAppManifest(manifest)) return null
  const { files, bytes, builtAt } = layer
  return { ...parseManifest(layer.name, manifest), ref: layer.name, version: formatVersion(reference), files, bytes, builtAt }
}

function parseManifest(ref: string, value: unknown): TemplateManifest {
  const fields = record(ref, value)
  const text = (field: string): string => {
    const found = fields[field]
    return typeof found === 'string' ? found : fail(ref, `${field} is ${JSON.stringify(found)}`)
  }
  const oneOf = <const T extends string>(field: string, ...known: readonly T[]): T =>
    known.find((candidate) => candidate === fields[field]) ?? fail(ref, `${field} is ${JSON.stringify(fields[field])}`)
  return {
    name: text('name'),
    definition: text('definition'),
    description: text('description'),
    distribution: text('distribution'),
    release: text('release'),
    architecture: text('architecture'),
    init: oneOf('init', 'systemd', 'busybox'),
    stopSignal: text('stopSignal'),
    readyProbe: oneOf('readyProbe', 'systemd', 'none'),
    packages: Object.fromEntries(Object.entries(record(ref, fields.packages)).map(([name, version]) => [name, String(version)])),
  }
}

function record(ref: string, value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : fail(ref, 'it is no object')
}

function fail(ref: string, why: string): never {
  throw new TemplateFailed(
    'damaged',
    `the manifest of template ${ref} is damaged: ${why}`,
    `remove template ${ref} and build it again`,
  )
}
