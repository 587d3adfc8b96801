/** Systems whose init is not systemd, built and imported: they boot, say so, have a console, shut down when asked, and boot again. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { realProcessRunner } from '@insula/kernel'
import { BOOTED, testNode, until } from './support/node.ts'

const KINDS = [
  { template: 'debian-12-sysvinit', kind: 'sysvinit', services: ['ls', '/etc/rc2.d'] },
  { template: 'debian-12-openrc', kind: 'openrc', services: ['rc-status', '--runlevel'] },
] as const
const node = await testNode(KINDS.map(({ template }) => template))

for (const { template, kind, services } of KINDS) {
  test(`${template} boots, stops in good order and boots again`, async () => {
    const shown = JSON.parse(await node.ok('template', 'show', template, '--json')) as { init: string; family: string }
    assert.deepEqual([shown.init, shown.family], [kind, 'debian'])
    const name = await node.running(kind, ['--template', template, '--ip', 'auto'])
    const booted = async (): Promise<void> => {
      assert.equal(await node.inside(name, 'cat', '/proc/1/comm'), 'init')
      // What says that it is up is there only after all scripts of its runlevel.
      assert.equal(await node.inside(name, 'ls', '/run/insula-booted'), '/run/insula-booted')
      assert.match(await node.inside(name, 'runlevel'), / 2$/)
      assert.notEqual(await node.inside(name, ...services), '')
      assert.match(await node.inside(name, 'ip', '-o', 'addr', 'show', 'eth0'), /inet /)
    }
    await booted()
    await until('a login prompt', async () => /login:/.test(await node.ok('logs', name)))
    await node.inside(name, 'sh', '-c', 'echo kept >/etc/kept')
    await node.ok('stop', name)
    const { state, lastExit } = await node.show(name)
    assert.equal(state, 'stopped')
    // It was not killed at the deadline.
    assert.equal((lastExit as { request: string } | null)?.request, 'poweroff')
    await node.ok('start', name, ...BOOTED)
    await booted()
    assert.equal(await node.inside(name, 'cat', '/etc/kept'), 'kept')
    const { pid } = await node.show(name)
    await node.insula(['exec', name, 'reboot'])
    await until('another init', async () => {
      const now = await node.show(name)
      return now.state === 'running' && now.pid !== pid && now.pid !== null
    })
  })
}

const runner = realProcessRunner()

/** Nobody listens there: that is said by the VPS itself, or not at all. */
async function answerOf(address: string): Promise<string> {
  const socket = connect({ host: address, port: 9, timeout: 10_000 })
  const [error] = (await once(socket, 'error', { signal: AbortSignal.timeout(20_000) })) as [NodeJS.ErrnoException]
  return error.code ?? ''
}

/** What precreated templates of OpenVZ have, and a VPS must not. */
function oldStyle(root: string): void {
  for (const directory of ['dev', 'etc/network', 'etc/sysconfig/network-scripts'])
    mkdirSync(join(root, directory), { recursive: true })
  const files = {
    'etc/mtab': '/dev/simfs / simfs rw,relatime 0 0\n',
    'etc/fstab': 'none /dev/pts devpts rw,gid=5,mode=620 0 0\n/dev/simfs / simfs defaults 0 0\n',
    'etc/hostname': 'template.example\n',
    'etc/resolv.conf': 'nameserver 192.0.2.53\n',
    'etc/network/interfaces':
      'auto lo venet0 venet0:0\niface venet0 inet manual\niface venet0:0 inet static\n  address 192.0.2.7\n  netmask 255.255.255.255\n',
    'etc/sysconfig/network-scripts/ifcfg-venet0': 'DEVICE=venet0\nBOOTPROTO=static\nIPADDR=192.0.2.7\nONBOOT=yes\n',
  }
  for (const [name, contents] of Object.entries(files)) writeFileSync(join(root, name), contents)
}

test('a system that was imported as a precreated template of OpenVZ boots, has its address, stops in good order and restarts', async () => {
  const beside = mkdtempSync('/var/tmp/insula-precreated-')
  try {
    await node.ok('create', 'donor', '--template', KINDS[0].template)
    const files = (await node.ok('vzfs', 'mount', 'donor', '-q')).trim()
    const more = join(beside, 'more')
    oldStyle(more)
    const devices = ['null c 1 3', 'zero c 1 5', 'tty c 5 0', 'ptmx c 5 2', 'ttyp0 c 3 0', 'simfs b 144 1']
    for (const [name = '', ...numbers] of devices.map((one) => one.split(' ')))
      await runner.run(['mknod', join(more, 'dev', name), ...numbers])
    const archive = join(beside, 'debian-12-x86_64.tar.gz')
    const tar = ['tar', '-c', '--use-compress-program=gzip -1', '--numeric-owner', '-f', archive] as const
    await runner.run(
      [...tar, '-C', files, '--exclude=./dev/*', '--exclude=./etc/mtab', '--exclude=./etc/resolv.conf', '.', '-C', more, '.'],
      { deadline: 120_000 },
    )
    await node.ok('vzfs', 'umount', 'donor')
    const imported = (await node.insula(['template', 'import', 'precreated', archive, '-q'], { deadline: 300_000 })).stdout.trim()
    assert.match(imported, /^precreated@/)
    const name = await node.running('old', ['--template', 'precreated', '--ip', 'auto', '--hostname', 'old.example'])
    const [address = ''] = (await node.show(name)).addresses
    const whole = async (): Promise<void> => {
      assert.equal(await node.inside(name, 'cat', '/proc/1/comm'), 'init')
      assert.match(await node.inside(name, 'sh', '-c', 'hostname; cat /etc/hostname'), /^old(?:\.example)?\nold\.example$/)
      assert.match(
        await node.inside(name, 'ip', '-o', 'addr', 'show', 'eth0'),
        new RegExp(`inet ${address.replaceAll('.', '\\.')}/32`),
      )
      assert.doesNotMatch(await node.inside(name, 'ip', '-o', 'addr'), /192\.0\.2\.7|venet/)
      assert.doesNotMatch(await node.inside(name, 'cat', '/etc/resolv.conf'), /192\.0\.2\.53/)
      assert.equal(await answerOf(address), 'ECONNREFUSED')
      // Device nodes are those of the VPS, none of the archive.
      assert.equal(
        await node.inside(name, 'sh', '-c', 'ls -d /dev/simfs /dev/ttyp0 2>/dev/null; echo x > /dev/null; stat -c %F /dev/null'),
        'character special file',
      )
      assert.match(await node.inside(name, 'df', '/'), /^vzfs .* \/$/m)
    }
    await whole()
    await node.ok('stop', name)
    assert.equal(((await node.show(name))['lastExit'] as { request: string } | null)?.request, 'poweroff')
    await node.ok('start', name, ...BOOTED)
    await node.ok('restart', name, ...BOOTED)
    await whole()
  } finally {
    await node.insula(['destroy', '--yes', '--force', 'donor', 'old'])
    await node.insula(['template', 'remove', 'precreated'])
    rmSync(beside, { recursive: true, force: true })
  }
})

test('a container image with an init in it becomes a system that boots and is shut down', async () => {
  const beside = mkdtempSync('/var/tmp/insula-image-')
  try {
    const [layout, root] = [join(beside, 'layout'), join(beside, 'root')]
    for (const directory of ['bin', 'sbin', 'etc', 'proc', 'sys', 'dev', 'run', 'tmp'])
      mkdirSync(join(root, directory), { recursive: true })
    await runner.run(['cp', '/bin/busybox', join(root, 'bin/busybox')])
    await runner.run(['ln', '-s', '../bin/busybox', join(root, 'sbin/init')])
    for (const applet of ['sh', 'ip', 'cat']) await runner.run(['ln', '-s', 'busybox', join(root, 'bin', applet)])
    writeFileSync(join(root, 'etc/inittab'), '::sysinit:/bin/busybox touch /run/up\n::shutdown:/bin/busybox true\n')
    const umoci = (...words: string[]) => runner.run(['umoci', ...words], { env: { HOME: beside } })
    await umoci('init', '--layout', layout)
    await umoci('new', '--image', `${layout}:t`)
    await umoci('config', '--image', `${layout}:t`, '--config.entrypoint', '/bin/none')
    await umoci('insert', '--image', `${layout}:t`, root, '/')
    await node.ok('template', 'import', 'from-image', layout)
    const name = await node.running('image', ['--template', 'from-image', '--ip', 'auto'])
    const [address = ''] = (await node.show(name)).addresses
    assert.match(await node.inside(name, 'ip', '-o', 'addr', 'show', 'eth0'), new RegExp(`inet ${address}/32`))
    await until('its init has run what it is to', async () => (await node.exec(name, ['cat', '/run/up'])).code === 0)
    await node.ok('stop', name)
    assert.equal(((await node.show(name))['lastExit'] as { request: string } | null)?.request, 'poweroff')
  } finally {
    await node.insula(['destroy', '--yes', '--force', 'image'])
    await node.insula(['template', 'remove', 'from-image'])
    rmSync(beside, { recursive: true, force: true })
  }
})
