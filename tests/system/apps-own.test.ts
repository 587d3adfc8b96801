/** An app of the provider's own, with versions of its own: in VPSs that run and that are stopped, and everything that goes wrong with it. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { BOOTED, testNode, until } from './support/node.ts'
import { ownApp } from './support/own-app.ts'

const OS = 'debian-12-minimal'
const node = await testNode([OS])
const thing = await ownApp(node, 'thing', OS)
await thing.publish('1.0')
const first = await build()

interface ShownApp {
  readonly ref: string
  readonly how: string
  readonly state: string
  readonly problem: string | null
}

async function build(): Promise<string> {
  const { code, stdout, stderr } = await node.insula(['template', 'build', 'thing', '-q'], { deadline: 300_000 })
  assert.equal(code, 0, stderr)
  return stdout.trim()
}

const appOf = async (vps: string): Promise<ShownApp | undefined> => ((await node.show(vps))['apps'] as ShownApp[])[0]
const version = (vps: string) => node.inside(vps, 'thing')
const running = (name: string, ...more: string[]) => node.running(name, ['--template', OS, ...more])
const ready = (vps: string) => until(`its app is configured in ${vps}`, async () => (await appOf(vps))?.state === 'ready')

async function refused(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await node.insula(['app', ...args])
  assert.notEqual(code, 0, stdout)
  return stderr
}

async function sound(vps: string): Promise<void> {
  assert.equal(
    await node.inside(
      vps,
      'sh',
      '-c',
      'dpkg --verify; dpkg --audit; apt-get check -qq; ls -d /var/lib/insula-app 2>/dev/null; true',
    ),
    '',
  )
}

test('goes its own way in each VPS: versions, changed configuration, removal', async () => {
  const names = await Promise.all(['own-one', 'own-two'].map((name) => running(name)))
  const [one = '', two = ''] = names
  const before = await node.inside(one, 'dpkg-query', '-W')
  await node.ok('app', 'add', ...names, 'thing')
  for (const name of names) await sound(name)
  await node.inside(one, 'sh', '-c', 'echo mine > /etc/thing.conf')
  await thing.publish('2.0')
  const second = await build()
  const [older, newer] = [first, second].map((ref) => ref.split('@')[1])
  assert.match(
    await node.ok('app', 'show', 'thing'),
    new RegExp(`^versions +${newer}, built [-0-9 :]+, latest\n +${older}, built [-0-9 :]+$`, 'm'),
  )
  await node.ok('app', 'upgrade', one, 'thing')
  assert.deepEqual([await version(one), await version(two)], ['2.0', '1.0'])
  const usage = JSON.parse(await node.ok('template', 'usage', '--json')) as { ref: string; vps: { name: string }[] }[]
  assert.deepEqual(
    [first, second].map((ref) => usage.find((row) => row.ref === ref)?.vps.map(({ name }) => name)),
    [[two], [one]],
  )
  assert.equal(await node.inside(one, 'cat', '/etc/thing.conf'), 'mine')
  assert.match(await refused('remove', 'nobody', 'thing'), /there is no VPS "nobody"/)
  assert.match((await node.insula(['template', 'remove', first])).stderr, /a VPS has it \(own-two\)/)
  await node.ok('app', 'remove', ...names, 'thing')
  assert.equal(await node.inside(one, 'cat', '/etc/thing.conf'), 'mine')
  // What was there before is not taken away with what is taken back.
  assert.match(await refused('add', one, 'thing', '--set', 'mode=fail'), /is removed again/)
  assert.equal(await node.inside(one, 'cat', '/etc/thing.conf', '/etc/thing-mode'), 'mine\ngood')
  await node.ok('app', 'add', one, 'thing')
  assert.equal(await node.inside(one, 'cat', '/etc/thing.conf'), 'mine')
  await node.ok('app', 'remove', one, 'thing', '--purge')
  assert.equal(await node.inside(one, 'sh', '-c', 'ls -d /etc/thing* /usr/bin/thing 2>/dev/null; true'), '')
  assert.equal(await node.inside(one, 'dpkg-query', '-W'), before)
  await sound(one)
})

test('that fails, hangs, writes outside or is ill is taken back, in one sentence', async () => {
  const vps = await running('own-bad')
  const add = (mode: string) => refused('add', vps, 'thing', '--set', `mode=${mode}`)
  assert.match(
    await add('fail'),
    /cannot add app thing to VPS "own-bad": post-install \(scripts\/configure.sh\) failed: it ended with 3: .*no such luck; what had been installed is removed again/,
  )
  assert.match(await add('hang'), /it did not end within 3 s and was killed/)
  assert.equal(await node.inside(vps, 'sh', '-c', 'pgrep -x sleep || true'), '')
  assert.match(await add('ill'), /the health check failed 2 times/)
  assert.equal(
    await node.inside(vps, 'sh', '-c', 'dpkg-query -W thing 2>/dev/null; ls -d /etc/thing.conf /usr/bin/thing 2>/dev/null; true'),
    '',
  )
  assert.deepEqual((await node.show(vps))['apps'], [])
  await sound(vps)
  // What it writes "outside" is in the VPS: there is no outside.
  await node.ok('app', 'add', vps, 'thing', '--set', 'mode=outside')
  assert.equal(await node.inside(vps, 'cat', '/insula-outside'), 'out')
  assert.equal(existsSync('/insula-outside'), false)
})

test('is a layer of VPSs that are stopped, configured when they boot; what a tenant has changed stays', async () => {
  for (const name of ['own-off', 'own-off2']) await node.ok('create', name, '--template', OS)
  const disk = async (name: string) => ((await node.show(name))['disk'] as { bytes: number }).bytes
  const before = await disk('own-off')
  assert.match(await node.ok('app', 'add', 'own-off', 'own-off2', first), /in a shared layer/)
  assert.ok((await disk('own-off')) - before < 200_000)
  for (const name of ['own-off', 'own-off2']) await node.ok('start', name, ...BOOTED)
  for (const name of ['own-off', 'own-off2']) {
    await ready(name)
    assert.deepEqual([await version(name), await node.inside(name, 'cat', '/etc/thing-mode')], ['1.0', 'good'])
    await sound(name)
  }
  const inode = (name: string) => node.inside(name, 'stat', '-c', '%i', '/usr/bin/thing')
  assert.equal(await inode('own-off'), await inode('own-off2'))
  await node.inside('own-off2', 'sh', '-c', 'echo mine > /etc/thing.conf')
  await node.ok('stop', 'own-off', 'own-off2')
  const upgraded = await node.ok('app', 'upgrade', 'own-off', 'own-off2', 'thing')
  assert.match(upgraded, /own-off: .*in a shared layer/)
  assert.match(upgraded, /own-off2: .*in its own files/)
  await node.ok('start', 'own-off', 'own-off2', ...BOOTED)
  for (const name of ['own-off', 'own-off2']) {
    await ready(name)
    assert.equal(await version(name), '2.0')
  }
  assert.deepEqual(await Promise.all(['own-off', 'own-off2'].map((name) => node.inside(name, 'cat', '/etc/thing.conf'))), [
    'of 2.0',
    'mine',
  ])
  await sound('own-off')
  assert.match(await node.inside('own-off2', 'sh', '-c', 'dpkg --verify || true'), /^\?\?5\?{6} c \/etc\/thing.conf$/)
  await node.ok('stop', 'own-off', 'own-off2')
  await node.ok('app', 'remove', 'own-off', 'own-off2', 'thing', '--purge')
  await node.ok('start', 'own-off', 'own-off2', ...BOOTED)
  for (const name of ['own-off', 'own-off2']) {
    assert.equal(
      await node.inside(name, 'sh', '-c', 'dpkg-query -W thing 2>/dev/null; ls -d /etc/thing* /usr/bin/thing 2>/dev/null; true'),
      '',
    )
    await sound(name)
  }
})

test('comes with a VPS that is created, and says what went wrong at its boot', async () => {
  const good = await node.ok('create', 'own-new', '--template', OS, '--app', 'thing', '--set', 'mode=new', '--start')
  assert.match(good, /own-new: thing@\S+ is ready/)
  assert.equal(await node.inside('own-new', 'cat', '/etc/thing-mode'), 'new')
  const bad = await node.insula(['create', 'own-ill', '--template', OS, '--app', 'thing', '--set', 'mode=fail', '--start'])
  assert.equal(bad.code, 1)
  assert.match(bad.stderr, /cannot configure app thing in VPS "own-ill": post-install .*no such luck/)
  assert.equal((await appOf('own-ill'))?.state, 'failed')
  assert.match(await node.ok('show', 'own-ill'), /problem of thing +cannot configure/)
  await node.ok('app', 'add', 'own-ill', 'thing', '--set', 'mode=better')
  assert.deepEqual([(await appOf('own-ill'))?.state, (await appOf('own-ill'))?.problem], ['ready', null])
})

test('cut off in the middle of an upgrade goes on with the next insulad; two builds at once are one', async () => {
  const vps = await running('own-cut')
  await node.ok('app', 'add', vps, 'thing')
  await thing.publish('3.0', { postinst: 'sleep 4' })
  const builds = await Promise.all([1, 2].map(() => node.insula(['template', 'build', 'thing'], { deadline: 300_000 })))
  const [lost] = builds.filter(({ code }) => code !== 0)
  assert.match(lost?.stderr ?? '', /cannot build template "thing": (?:task \d+|another task) is building it/)
  const task = (await node.ok('app', 'upgrade', vps, 'thing', '--no-wait', '-q')).trim()
  await until('its packages are being configured', async () =>
    /postinst|sleep 4/.test(await node.inside(vps, 'sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "')),
  )
  await node.killAndAwait('insulad')
  const said = await node.ok('task', 'show', task, '--wait')
  assert.deepEqual([await version(vps), (await appOf(vps))?.state], ['3.0', 'ready'], said)
  await sound(vps)
})
