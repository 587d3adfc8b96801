/** A later version of an OS template reaches VPSs: by their own package manager while they run, by moving while they are stopped. Real packages. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { debRepository } from '../../packages/templates/src/testing/deb-repository.ts'
import { testNode, until } from './support/node.ts'

const node = await testNode([])
const beside = mkdtempSync('/var/tmp/insula-updates-')
const archive = await debRepository(beside)
const definition = join(node.instance.definitions, 'own-os')
after(async () => {
  await archive[Symbol.asyncDispose]()
  for (const path of [beside, definition]) rmSync(path, { recursive: true, force: true })
})
mkdirSync(join(definition, 'keys'), { recursive: true })
writeFileSync(join(definition, 'keys/test.gpg'), archive.key)
writeFileSync(
  join(definition, 'template.yaml'),
  `extends: debian-12-minimal
kind: os
description: Debian with things of a test
install:
  packages: [systemd-sysv, iproute2, thing, other]
  repositories:
    - {name: test, address: "${archive.address}", suites: [stable], keys: [keys/test.gpg]}
`,
)

async function publish(version: string): Promise<void> {
  for (const name of ['thing', 'other'])
    await archive.add({
      name,
      version,
      files: {
        [`usr/bin/${name}`]: `#!/bin/sh\n# ${'x'.repeat(9_000)}\necho ${version}\n`,
        [`etc/${name}.conf`]: `of ${version}\n`,
      },
      conffiles: [`/etc/${name}.conf`],
      scripts: { postinst: `touch /root/${name}-${version}; sleep 1` },
    })
  await archive.publish()
}

async function build(how: 'build' | 'update'): Promise<string> {
  const { code, stdout, stderr } = await node.insula(['template', how, 'own-os', '-q'], { deadline: 300_000 })
  assert.equal(code, 0, stderr)
  return stdout.trim()
}

const apply = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await node.insula(['update', 'apply', ...args], { deadline: 300_000 })
  assert.equal(code, 0, `${stdout}${stderr}`)
  return stdout
}

/** Of days that are not near, so that insulad does not begin by itself. */
function hoursFarOff(): string {
  const day = (ahead: number): string =>
    ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][(new Date().getDay() + ahead) % 7] ?? ''
  return `${day(3)},${day(4)} 02:00-04:00`
}

test('to the running, the stopped and the pinned, as each has it, and by itself to who follows', async () => {
  await publish('1.0')
  const first = await build('build')
  const make = (name: string, ...more: string[]) => node.running(name, ['--template', 'own-os', ...more])
  const hours = hoursFarOff()
  const runs = await make('upd-runs', '--updates', hours)
  const [off, pinned, follows] = [await make('upd-off'), await make('upd-pinned'), await make('upd-follows')]
  const names = [runs, off, pinned]
  await node.ok('set', off, '--updates', hours)
  // What the tenant has changed, has in a later version, and has thrown away.
  await node.inside(runs, 'sh', '-c', 'echo mine > /etc/thing.conf')
  await node.inside(runs, 'apt-get', '-q', '-y', 'remove', 'other')
  await node.ok('stop', off)
  assert.deepEqual(await node.insula(['update', 'status', ...names, '-q']), {
    code: 0,
    stdout: `${names.join('\n')}\n`,
    stderr: '',
  })

  await publish('2.0')
  const second = await build('update')
  const { code, stdout } = await node.insula(['update', 'status', ...names, '--json'])
  assert.equal(code, 1)
  assert.deepEqual(
    (JSON.parse(stdout) as { name: string; at: string; latest: string; packages: number; policy: string }[]).map(
      ({ name, at, latest, packages, policy }) => [name, at, latest, packages, policy],
    ),
    [
      [runs, first, second, 2, hours],
      [off, first, second, 2, hours],
      [pinned, first, second, 2, 'pinned'],
    ],
  )
  const said = await apply('--template', 'own-os')
  assert.match(said, new RegExp(`^${runs}: updated: 1 packages, ${second}$`, 'm'))
  assert.match(said, new RegExp(`^${off}: updated: moved to ${second}$`, 'm'))
  assert.match(said, new RegExp(`^${pinned}: nothing to do: it is pinned`, 'm'))

  assert.equal(await node.inside(runs, 'thing'), '2.0')
  assert.equal(await node.inside(runs, 'cat', '/etc/thing.conf'), 'mine')
  assert.equal(await node.inside(runs, 'sh', '-c', 'command -v other || echo gone'), 'gone')
  await node.ok('start', off)
  assert.equal(await node.inside(off, 'thing'), '2.0')
  assert.equal(await node.inside(pinned, 'thing'), '1.0')
  for (const name of [runs, off])
    assert.equal(
      await node.inside(name, 'sh', '-c', 'dpkg --audit; apt-get check -qq; ls -d /var/lib/insula-app 2>/dev/null; true'),
      '',
    )
  assert.equal(await node.inside(off, 'dpkg', '--verify'), '')

  // Cut off in the middle, by its name: insulad goes on with it when it is there again.
  const task = (await node.ok('update', 'apply', pinned, '--no-wait', '-q')).trim()
  await until('it begins', async () => (await node.exec(pinned, ['ls', '/root/thing-2.0', '/root/other-2.0'])).code !== 2, 120)
  await node.killAndAwait('insulad')
  const shown = async () =>
    JSON.parse(await node.ok('task', 'show', task, '--json')) as {
      state: string
      result: { vps: { outcome: string; message: string }[] } | null
    }
  await until('it ends', async () => (await shown()).state !== 'running', 120)
  assert.equal((await shown()).result?.vps[0]?.outcome, 'done', JSON.stringify(await shown()))
  assert.equal(await node.inside(pinned, 'thing'), '2.0')
  assert.equal(await node.inside(pinned, 'dpkg', '--audit'), '')
  assert.equal(await node.inside(pinned, 'other'), '2.0')
  assert.equal((await node.insula(['update', 'status', ...names])).code, 0)
  // Nobody asks for this one: insulad looks every minute.
  assert.equal(await node.inside(follows, 'thing'), '1.0')
  await node.ok('set', follows, '--updates', 'follow')
  await until('it is updated by itself', async () => (await node.insula(['update', 'status', follows])).code === 0, 180)
  assert.equal(await node.inside(follows, 'thing'), '2.0')
  // A package that came privately is one with the template's again.
  await node.ok('stop', runs)
  await node.ok('vzfs', 'relink', runs)
  await node.ok('start', runs)
  assert.equal(await node.inside(runs, 'thing'), '2.0')
})
