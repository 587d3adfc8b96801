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
const addTool = (version: string, requires: readonly string[] = [], unsigned = false) =>
  repository.add({
    name: 'tiny-tool',
    version,
    requires: ['tiny-busybox', ...requires],
    install: `mkdir -p $1/usr/bin $1/etc; echo "echo ${version}" > $1/usr/bin/tool; echo "of ${version}" > $1/etc/tool.conf`,
    files: ['%attr(0755,root,root) /usr/bin/tool', '%config(noreplace) /etc/tool.conf'],
    unsigned,
  })
await addTool('1.0')
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
  packages: [tiny-busybox, tiny-rpm, tiny-tool]
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

test('it boots, its package database is right, and an update makes another version, which VPSs get in place', async () => {
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
  await repository.add({ name: 'tiny-lib', version: '1.0', install: 'mkdir -p $1/opt', files: ['/opt'] })
  await addTool('2.0', ['tiny-lib'])
  await repository.publish()
  const newer = (await node.ok('template', 'update', 'tiny-9', '-q')).trim()
  assert.notEqual(newer, ref)
  assert.match(await node.ok('template', 'diff', ref, newer), /tiny-tool +x86_64 +1\.0-1 +2\.0-1/)
  // Whoever has the older one keeps it.
  assert.equal((await node.show(name))['template'], ref)

  await node.ok('create', 'tiny-off', '--template', ref, '--updates', 'follow')
  const waits = await node.insula(['update', 'status', '-o', 'name,at,latest,packages,policy'])
  const row = (vps: string, policy: string) => new RegExp(`^${vps} +${ref} +${newer} +1 +${policy}$`, 'm')
  assert.equal(waits.code, 1)
  for (const [vps, policy] of [
    ['tiny', 'pinned'],
    ['tiny-off', 'follow'],
  ] as const)
    assert.match(waits.stdout, row(vps, policy))
  // Somebody else's package under the same name and version, in the repository itself.
  await addTool('2.0', ['tiny-lib'], true)
  await repository.publish()
  const unsigned = await node.insula(['update', 'apply', name])
  assert.match(
    unsigned.stderr,
    /updates of tiny-9@\S+ could not be fetched: .* are not signed by the keys of the definition \(Package tiny-tool-2\.0/,
  )
  await addTool('2.0', ['tiny-lib'])
  await repository.publish()
  await node.inside(name, 'sh', '-c', 'echo mine > /etc/tool.conf')
  const all = await node.ok('update', 'apply', '--template', 'tiny-9')
  assert.match(all, new RegExp(`^tiny: nothing to do: it is pinned to ${ref}.*\ntiny-off: updated: moved to ${newer}$`, 'm'))
  assert.match(await node.ok('update', 'apply', name), new RegExp(`^tiny: updated: 1 packages, ${newer}$`, 'm'))
  assert.equal(await node.inside(name, 'sh', '-c', 'tool; cat /etc/tool.conf'), '2.0\nmine')
  assert.equal(
    await node.inside(name, 'rpm', '--query', 'tiny-tool', 'tiny-lib'),
    'tiny-tool-2.0-1.x86_64\ntiny-lib-1.0-1.x86_64',
  )
  assert.match(
    (await node.exec(name, ['rpm', '--verify', '--all'])).stdout,
    /^\S+ +c \/etc\/inittab\n\S+ +c \/etc\/tool\.conf\n$/,
  )
  assert.equal(await node.inside(name, 'sh', '-c', 'ls -d /var/lib/insula-app 2>/dev/null; true'), '')
  assert.equal((await node.insula(['update', 'status', name])).code, 0)
  // What the tenant has thrown away does not come back.
  await addTool('3.0', ['tiny-lib'])
  await repository.publish()
  await node.inside(name, 'rpm', '--erase', 'tiny-tool')
  const third = (await node.ok('template', 'update', 'tiny-9', '-q')).trim()
  assert.match(await node.ok('update', 'apply', name), new RegExp(`^tiny: updated: 0 packages, ${third}$`, 'm'))
  assert.notEqual((await node.exec(name, ['rpm', '-q', 'tiny-tool'])).code, 0)

  await node.ok('destroy', name, 'tiny-off', '--force', '--yes')
  for (const each of [third, newer, ref]) await node.ok('template', 'remove', each)
})
