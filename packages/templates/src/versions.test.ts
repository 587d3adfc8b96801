import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diffPackages } from './diff.ts'
import { sameAs } from './same.ts'
import { cycloneDx } from './sbom.ts'
import type { Template } from './template.ts'

const one = (name: string, version: string, architecture = 'amd64') => ({ name, version, architecture })

test('what came, what went, what has another version', () => {
  const before = [one('a', '1'), one('b', '1'), one('c', '1'), one('lib', '1', 'amd64'), one('lib', '1', 'i386')]
  const after = [one('b', '2'), one('c', '1'), one('d', '1'), one('lib', '1', 'amd64'), one('lib', '2', 'i386')]
  assert.deepEqual(diffPackages(before, after), [
    { name: 'a', architecture: 'amd64', from: '1', to: null },
    { name: 'b', architecture: 'amd64', from: '1', to: '2' },
    { name: 'd', architecture: 'amd64', from: null, to: '1' },
    { name: 'lib', architecture: 'i386', from: '1', to: '2' },
  ])
  assert.deepEqual(diffPackages(before, before), [])
})

test('the same is the same packages of the same definition, in whatever order and with or without hashes', () => {
  const packages = [one('a', '1'), { ...one('b', '1'), sha256: 'f'.repeat(64) }]
  assert.ok(sameAs({ definition: 'd', packages }, { definition: 'd', packages: [one('b', '1'), one('a', '1')] }))
  assert.ok(!sameAs({ definition: 'd', packages }, { definition: 'e', packages }))
  assert.ok(!sameAs({ definition: 'd', packages }, { definition: 'd', packages: [one('a', '1')] }))
  assert.ok(!sameAs({ definition: 'd', packages }, { definition: 'd', packages: [one('a', '1'), one('b', '2')] }))
})

test('a bill of materials names every package as others know it', () => {
  const template: Template = {
    name: 'debian-12',
    version: '2026-11-23.1',
    ref: 'debian-12@2026-11-23.1',
    definition: 'd',
    description: 'x',
    family: 'debian',
    distribution: 'debian',
    release: '12',
    architecture: 'amd64',
    init: 'systemd',
    initPath: '/sbin/init',
    stopSignal: 'SIGRTMIN+3',
    readyProbe: 'systemd',
    packageManager: 'apt',
    files: 1,
    bytes: 1,
    builtAt: '2026-11-23T00:00:00Z',
    sources: [{ address: 'http://mirror.example/debian', suites: ['bookworm'] }],
    packages: [{ ...one('libstdc++6', '1:12.2.0-14+deb12u1'), sha256: 'a'.repeat(64) }, one('apt', '2.6.1')],
  }
  const bom = cycloneDx(template) as { serialNumber: string; components: { purl: string; hashes?: unknown }[] }
  assert.match(bom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.deepEqual(
    bom.components.map(({ purl }) => purl),
    [
      'pkg:deb/debian/libstdc%2B%2B6@1%3A12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12',
      'pkg:deb/debian/apt@2.6.1?arch=amd64&distro=debian-12',
    ],
  )
  assert.deepEqual(bom.components[0]?.hashes, [{ alg: 'SHA-256', content: 'a'.repeat(64) }])
  assert.equal(bom.components[1]?.hashes, undefined)
  assert.deepEqual(cycloneDx(template), bom)
  const rpm = cycloneDx({
    ...template,
    packageManager: 'dnf',
    distribution: 'rocky',
    release: '9',
    packages: [one('bash', '2:5.1-9.el9', 'x86_64')],
  })
  assert.equal((rpm as typeof bom).components[0]?.purl, 'pkg:rpm/rocky/bash@5.1-9.el9?epoch=2&arch=x86_64&distro=rocky-9')
})
