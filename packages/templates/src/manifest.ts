/** manifest.json of a template: written by the build, read back with distrust. Older ones say less. */

import type { LayerInfo } from '@insula/vzfs'
import { isAppManifest } from './apps/manifest.ts'
import { TemplateFailed } from './failure.ts'
import type { Package } from './package.ts'
import { formatVersion, parseReference } from './reference.ts'
import type { PackageManager, PackageSource, ReadyProbe, Template, TemplateManifest } from './template.ts'

/** null when the layer is no template at all. @throws TemplateFailed damaged */
export function templateOf(layer: LayerInfo, manifest: unknown): Template | null {
  const reference = parseReference(layer.name)
  if (reference === null || manifest === null || isAppManifest(manifest)) return null
  const { files, bytes, builtAt } = layer
  return { ...parseManifest(layer.name, manifest), ref: layer.name, version: formatVersion(reference), files, bytes, builtAt }
}

function parseManifest(ref: string, value: unknown): TemplateManifest {
  const fields = record(ref, value)
  const text = (field: string, absent?: string): string => {
    const found = fields[field] ?? absent
    return typeof found === 'string' ? found : fail(ref, `${field} is ${JSON.stringify(found)}`)
  }
  const oneOf = <const T extends string>(field: string, known: readonly T[], absent?: T): T =>
    known.find((candidate) => candidate === (fields[field] ?? absent)) ??
    fail(ref, `${field} is ${JSON.stringify(fields[field])}`)
  const distribution = text('distribution')
  const architecture = text('architecture')
  return {
    name: text('name'),
    definition: text('definition'),
    description: text('description'),
    family: text('family', distribution),
    distribution,
    release: text('release'),
    architecture,
    init: oneOf('init', ['systemd', 'sysvinit', 'openrc', 'busybox']),
    initPath: text('initPath', '/sbin/init'),
    stopSignal: text('stopSignal'),
    readyProbe: readyProbe(text('readyProbe')) ?? fail(ref, `readyProbe is ${JSON.stringify(fields['readyProbe'])}`),
    packageManager: oneOf<PackageManager>('packageManager', ['apt', 'dnf', 'none'], distribution === 'debian' ? 'apt' : 'none'),
    sources: list(ref, fields['sources'] ?? []).map((one) => sourceOf(ref, one)),
    packages: packagesOf(ref, fields['packages'], architecture),
  }
}

const readyProbe = (text: string): ReadyProbe | null =>
  text === 'systemd' || text === 'none' || text.startsWith('/') ? text : null

function packagesOf(ref: string, value: unknown, architecture: string): Package[] {
  // Name to version, as it was written once.
  if (!Array.isArray(value))
    return Object.entries(record(ref, value)).map(([name, version]) => ({ name, version: String(version), architecture }))
  return value.map((one): Package => {
    const { name, version, architecture: its, sha256 } = record(ref, one)
    if (typeof name !== 'string' || typeof version !== 'string' || typeof its !== 'string')
      return fail(ref, `a package is ${JSON.stringify(one)}`)
    return { name, version, architecture: its, ...(typeof sha256 === 'string' ? { sha256 } : {}) }
  })
}

function sourceOf(ref: string, value: unknown): PackageSource {
  const { name, address, suites } = record(ref, value)
  if (typeof address !== 'string') return fail(ref, `a source is ${JSON.stringify(value)}`)
  // It becomes a part of a path.
  const named = typeof name === 'string' && /^[a-z0-9][a-z0-9._-]*$/.test(name) ? { name } : {}
  return { ...named, address, suites: list(ref, suites ?? []).map(String) }
}

const list = (ref: string, value: unknown): readonly unknown[] => (Array.isArray(value) ? value : fail(ref, 'a list is none'))

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
