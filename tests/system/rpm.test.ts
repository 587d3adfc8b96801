/** A system of RPM packages from its own repository to a running VPS, with the package database right inside; a newer version beside it. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { rpmRepository } from '../../packages/templates/src/testing/rpm-repository.ts'
import { addRpmItself, addTinySystem } from '../../packages/templates/src/testing/tiny-rpm-system.ts'
import { testNode } from './support/node.ts'

const node = await testNode([])
const beside = mkdtempSync('/var/tmp/insula-rpm-')
const repository = await rpmRepository(beside)
await addTinySystem(repository)
await addRpmItself(repository)
await repository.publish()
const definition = join(node.instance.definitions, 'tiny-9')
mkdirSync(join(definition, 'keys'), { recursive: true })
writeFileSync(join(definition, 'keys/tiny.asc'), repository.key)
writeFileSync(
  join(definition, 'template.yaml'),
  `kind: os
description: A tiny system of RPM packages
family: rhel
distribution: tiny
release: '9'
architectures: [amd64]
init:
  kind: busybox
  stopSignal: SIGUSR2
  ready: /run/booted
install:
  with: dnf
  packages: [tiny-busybox, tiny-rpm]
  repositories:
    - name: tiny
      address: ${repository.address}/
      keys: [keys/tiny.asc]
files:
  /etc/hostname:
    contents: ''
  /etc/resolv.conf:
    contents: ''
`,
)
after(async () => {
  rmSync(definition, { recursive: true, force: true })
  await repository[Symbol.asyncDispose]()
  rmSync(beside, { recursive: true, force: true })
})

test('it boots, its package database is right, and an update makes another version', async () => {
  await node.ok('template', 'lint', definition)
  const ref = (await node.ok('template', 'build', 'tiny-9', '-q')).trim()
  const shown = JSON.parse(await node.ok('template', 'show', ref, '--json')) as { packageManager: string; family: string }
  assert.deepEqual([shown.packageManager, shown.family], ['dnf', 'rhel'])
  const name = await node.running('tiny', ['--template', 'tiny-9', '--wait-booted'])
  assert.match(await node.inside(name, 'rpm', '--query', '--all'), /tiny-busybox-1.2-1.x86_64/)
  assert.equal((await node.exec(name, ['rpm', '--verify', '--all'])).stdout, '')
  // It would say so.
  await node.inside(name, 'sh', '-c', 'echo "# changed" >> /etc/inittab')
  assert.match((await node.exec(name, ['rpm', '--verify', '--all'])).stdout, / c \/etc\/inittab/)

  assert.match(await node.ok('template', 'update', 'tiny-9'), /nothing has changed|is the latest|no newer/i)
  await repository.add({
    name: 'tiny-rpm',
    version: '4.19',
    install: 'mkdir -p $1/opt',
    files: ['/opt'],
    requires: ['tiny-busybox'],
  })
  await repository.publish()
  const newer = (await node.ok('template', 'update', 'tiny-9', '-q')).trim()
  assert.notEqual(newer, ref)
  assert.match(await node.ok('template', 'diff', ref, newer), /tiny-rpm +x86_64 +4\.18-1 +4\.19-1/)
  // Whoever has the older one keeps it.
  assert.equal((await node.show(name))['template'], ref)
  for (const each of [newer, ref]) {
    if (each === ref) await node.ok('destroy', name, '--force', '--yes')
    await node.ok('template', 'remove', each)
  }
})
