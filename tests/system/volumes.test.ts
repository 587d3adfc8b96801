/** A second volume on a node that runs: a VPS lies there, survives the ends of daemons, moves away, and nothing of the volume stays when it is removed. */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { testNode } from './support/node.ts'

const node = await testNode(['micro'])
const directory = mkdtempSync('/var/tmp/insula-second-')
after(async () => {
  await node.insula(['destroy', '-f', 'here', 'there', 'twin', 'fuller'])
  await node.insula(['vzfs', 'volume', 'remove', 'second'])
  rmSync(directory, { recursive: true })
})
const ON_SECOND = ['--template', 'micro', '--ip', 'auto', '--volume', 'second'] as const

const loops = (): string[] =>
  readdirSync('/sys/block')
    .map((device) => `/sys/block/${device}/loop/backing_file`)
    .filter((file) => existsSync(file) && readFileSync(file, 'utf8').includes(directory))

test('a VPS on a volume that was added goes on over the ends of daemons, and moves to another volume with all that is in it', async () => {
  await node.running('here')
  await node.ok('vzfs', 'volume', 'add', 'second', directory, '--size', '1G')
  assert.match(await node.ok('vzfs', 'volume', 'list'), /^second +\S+ +present +0 /m)
  await node.running('there', ON_SECOND)
  assert.equal((await node.show('there'))['volume'], 'second')
  await node.inside('there', 'sh', '-c', 'echo mine > /root/note && chown 7:7 /root/note && cp /bin/busybox /bin/changed')
  await node.killAndAwait('insulad')
  await node.killAndAwait('keeper')
  assert.equal(await node.inside('there', 'cat', '/root/note'), 'mine')
  assert.match(await node.ok('vzfs', 'df'), /^volume +second +\S+ +- +\d/m)

  await node.ok('stop', 'there', '--force')
  await node.ok('clone', 'there', 'twin', '--volume', 'default', '--start')
  await node.ok('vzfs', 'move', 'there', '--volume', 'default')
  await node.ok('start', 'there')
  for (const name of ['there', 'twin'])
    assert.equal(
      await node.inside(name, 'sh', '-c', 'cat /root/note; stat -c %u:%g /root/note; cmp /bin/busybox /bin/changed'),
      'mine\n7:7',
    )
  const refused = await node.insula(['vzfs', 'move', 'there', '--volume', 'second'])
  assert.deepEqual([refused.code, /it is running|there is running/.test(refused.stderr)], [4, true], refused.stderr)
})

test('a volume without VPSs is removed with its file, while others run', async () => {
  assert.equal(loops().length, 1)
  await node.ok('vzfs', 'volume', 'remove', 'second')
  assert.deepEqual([readdirSync(directory), loops(), existsSync(join(node.instance.state, 'volumes/second'))], [[], [], false])
  assert.equal(await node.inside('here', 'echo', 'on'), 'on')
  const { code, stderr } = await node.insula(['create', 'none', ...ON_SECOND])
  assert.deepEqual([code, stderr.includes('there is no volume "second"')], [3, true], stderr)
})

test('on a full volume a VPS does not start, is told why, and moves to where there is room', async () => {
  await node.ok('vzfs', 'volume', 'add', 'second', directory, '--size', '300M')
  await node.running('fuller', ON_SECOND)
  const fill = 'dd if=/dev/zero of=/fill bs=1M; dd if=/dev/zero of=/more bs=4k; sync; i=0; while mkdir /d$i; do i=$((i+1)); done'
  await node.insula(['exec', 'fuller', '--', 'sh', '-c', `(${fill}) 2> /dev/null`])
  await node.ok('stop', 'fuller', '--force')
  for (const ask of [
    ['start', 'fuller'],
    ['vzfs', 'mount', 'fuller', '--write'],
  ]) {
    const { code, stderr } = await node.insula(ask)
    assert.deepEqual([ask[0], code], [ask[0], 7], stderr)
    assert.match(stderr, /the volume is full|its volume is full|no space left/i)
    assert.match(stderr, /insula vzfs move/)
  }
  assert.equal((await node.show('fuller')).state, 'stopped')
  await node.ok('vzfs', 'move', 'fuller', '--volume', 'default')
  await node.ok('start', 'fuller')
  assert.match(await node.inside('fuller', 'ls', '/'), /fill/)
  await node.ok('vzfs', 'volume', 'remove', 'second')
})
