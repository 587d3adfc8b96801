/** The lab itself: what the machine is, and that what is run in it comes back as it is. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { HOME, VOLUME } from './layout.ts'
import { type Machine, startMachine } from './machine.ts'

let machine: Machine
before(async () => {
  machine = await startMachine()
})
after(() => machine[Symbol.asyncDispose]())

test('Debian 13 with its own kernel, systemd as init, cgroup v2 alone, nothing failed', async () => {
  assert.match(await machine.ok('cat', '/etc/os-release'), /^VERSION_ID="13"$/m)
  assert.match(await machine.ok('uname', '-r'), /deb13/)
  assert.equal(await machine.ok('cat', '/proc/1/comm'), 'systemd\n')
  assert.match(await machine.ok('findmnt', '--noheadings', '--output=FSTYPE', '/sys/fs/cgroup'), /^cgroup2$/m)
  assert.equal((await machine.run(['grep', ' cgroup ', '/proc/mounts'])).stdout, '')
  assert.equal((await machine.run(['systemctl', '--failed', '--plain', '--no-legend'])).stdout, '')
})

test('an XFS with quota of all three kinds, which the kernel enforces', async () => {
  assert.match(await machine.ok('findmnt', '--noheadings', '--output=OPTIONS', VOLUME), /usrquota.*prjquota.*grpquota/)
  const script = `set -e; cd ${VOLUME}; mkdir limited
    xfs_quota -x -c 'project -s -p ${VOLUME}/limited 7' -c 'limit -p bhard=5m 7' ${VOLUME} >/dev/null
    dd if=/dev/zero of=limited/file bs=1M count=10 || true; rm -r limited`
  const { stderr } = await machine.run(['sh', '-c', script])
  assert.match(stderr, /No space left/)
})

test('the working tree is there, with its node_modules', async () => {
  assert.match(await machine.ok(`${HOME}/bin/insula`, 'version'), /insula \d+\./)
})

test('stdout, stderr, input and exit codes come through, byte for byte', async () => {
  const script = 'printf "out\\n\\n"; printf err >&2; printf more; exit 7'
  assert.deepEqual(await machine.run(['sh', '-c', script]), { code: 7, stdout: 'out\n\nmore', stderr: 'err' })
  const input = randomBytes(300_000).toString('base64')
  assert.equal((await machine.run(['cat'], { input })).stdout, input)
  assert.equal((await machine.run(['sh', '-c', 'kill -9 $$'])).code, 137)
  assert.equal((await machine.run(['no-such-command'])).code, 127)
})

test('a command that does not end is ended, and the console is shown', async () => {
  await machine.ok('sh', '-c', 'echo a sign of life > /dev/console')
  await assert.rejects(
    machine.run(['sleep', '4242'], { deadline: 3_000 }),
    /sleep 4242 did not end in the machine within 3 s\nIts console:\n[^]*a sign of life/,
  )
  assert.equal((await machine.run(['pgrep', '-f', 'sleep 4242'])).stdout, '')
})

test('a machine that does not start is ended, and the console is shown', async () => {
  await assert.rejects(
    startMachine({ parameters: 'loglevel=7 init=/usr/bin/cat', startDeadline: 40_000 }),
    /the machine did not start within 40 s\nIts console:\n[^]*Run \/usr\/bin\/cat as init process/,
  )
})

test('a machine that panics under a command is told with its console, and starts anew', async () => {
  const panic = 'echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger'
  await assert.rejects(
    machine.run(['sh', '-c', panic]),
    /the machine is gone while sh -c .*: it was started anew\nIts console:\n[^]*Kernel panic - not syncing: sysrq triggered crash/,
  )
  assert.equal(await machine.ok('echo', 'here'), 'here\n')
})

test('a reboot keeps what was written', async () => {
  const boot = await machine.ok('cat', '/proc/sys/kernel/random/boot_id')
  await machine.ok('sh', '-c', 'echo kept > /root/file; sync')
  await machine.reboot()
  assert.notEqual(await machine.ok('cat', '/proc/sys/kernel/random/boot_id'), boot)
  assert.equal(await machine.ok('cat', '/root/file'), 'kept\n')
})
