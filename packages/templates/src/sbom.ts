/** A template version as a bill of materials: CycloneDX 1.5, the same bytes each time. */

import { hash } from 'node:crypto'
import type { Package } from './package.ts'
import type { Template } from './template.ts'

export function cycloneDx(template: Template): Record<string, unknown> {
  const { ref, version, name, description, architecture, builtAt, definition, sources } = template
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${uuidOf(`${ref} ${builtAt} ${definition}`)}`,
    version: 1,
    metadata: {
      timestamp: builtAt,
      tools: { components: [{ type: 'application', name: 'insula' }] },
      component: { 'bom-ref': ref, type: 'operating-system', name, version, description },
      properties: [
        { name: 'insula:definition', value: definition },
        { name: 'insula:architecture', value: architecture },
        ...sources.map(({ address, suites }) => ({ name: 'insula:source', value: [address, ...suites].join(' ') })),
      ],
    },
    components: template.packages.map((one) => componentOf(one, template)),
  }
}

function componentOf(one: Package, template: Template): Record<string, unknown> {
  const purl = purlOf(one, template)
  const { name, version, sha256 } = one
  return {
    'bom-ref': purl,
    type: 'library',
    name,
    version,
    purl,
    ...(sha256 === undefined ? {} : { hashes: [{ alg: 'SHA-256', content: sha256 }] }),
  }
}

/** Package URL: pkg:TYPE/DISTRIBUTION/NAME@VERSION?arch=...&distro=... */
function purlOf({ name, version, architecture }: Package, { distribution, release, packageManager }: Template): string {
  const type = packageManager === 'dnf' ? 'rpm' : 'deb'
  const of = distribution === 'busybox' ? 'debian' : distribution
  const [, epoch, rest = version] = /^(?:(\d+):)?(.*)$/.exec(version) ?? []
  // rpm's epoch is a qualifier, Debian's is a part of the version.
  const [shown, more] = type === 'rpm' ? [rest, epoch === undefined ? '' : `epoch=${epoch}&`] : [version, '']
  const distro = distribution === 'busybox' ? '' : `&distro=${encodeURIComponent(`${distribution}-${release}`)}`
  return `pkg:${type}/${of}/${encodeURIComponent(name)}@${encodeURIComponent(shown)}?${more}arch=${encodeURIComponent(architecture)}${distro}`
}

/** Version 8: a hash of our own. RFC 9562 */
function uuidOf(text: string): string {
  const digits = hash('sha256', text).slice(0, 32).split('')
  digits[12] = '8'
  digits[16] = '89ab'[Number.parseInt(digits[16] ?? '0', 16) % 4] ?? '8'
  return digits.join('').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
