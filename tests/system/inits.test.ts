/** Systems whose init is not systemd: they boot, say so, have a console, shut down when asked, and boot again. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
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
