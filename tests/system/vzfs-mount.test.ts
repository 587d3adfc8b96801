/** An administrator mends the files of a VPS that does not run. */

import assert from 'node:assert/strict'
import { appendFileSync, chownSync, existsSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startAttached } from '@insula/kernel'
import { hasQuota, testNode } from './support/node.ts'

const node = await testNode(['micro'])
const enforced = await hasQuota(node)
const sh = async (name: string, line: string): Promise<string> => (await node.ok('exec', name, '--', 'sh', '-c', line)).trim()
const mount = async (name: string, ...options: string[]): Promise<string> =>
  (await node.ok('vzfs', 'mount', name, '-q', ...options)).trim()
const refused = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await node.insula(args)
  assert.notEqual(code, 0, args.join(' '))
  return stderr
}
const BRING = 'mkdir -p /srv/app && cp /bin/busybox /srv/app/tool && chown 1000:33 /srv/app/tool && echo hello > /etc/motd'

describe('files of a stopped VPS', () => {
  test('are mended with the ids from inside, those that are links of a relink too, and nobody else sees it', async () => {
    for (const name of ['web', 'other']) {
      await node.running(name, ['--template', 'micro', '--disk', '80M'])
      await sh(name, BRING)
      await node.ok('stop', name, '--force')
    }
    await node.ok('vzfs', 'relink', 'web', 'other')
    const { disk } = (await node.show('web')) as unknown as { disk: { bytes: number } }
    const [path, second] = [await mount('web', '--write'), await mount('other')]
    const tool = `${path}/srv/app/tool`
    assert.deepEqual([statSync(tool).uid, statSync(tool).gid], [1000, 33])
    assert.ok(readFileSync(tool).equals(readFileSync(`${second}/srv/app/tool`)))
    appendFileSync(tool, 'mended')
    writeFileSync(`${path}/etc/motd`, 'mended')
    mkdirSync(`${path}/srv/new`)
    writeFileSync(`${path}/srv/new/file`, Buffer.alloc(8 << 20, 1))
    chownSync(`${path}/srv/new/file`, 1001, 1001)
    assert.throws(() => chownSync(`${path}/srv/new`, 70_000, 0), { code: 'EOVERFLOW' })
    assert.throws(() => writeFileSync(`${second}/etc/motd`, ''), { code: 'EROFS' })
    assert.match(await node.ok('vzfs', 'mounts'), /web .*write[\s\S]*other .*read/)
    await node.ok('vzfs', 'umount', 'web')
    await node.ok('vzfs', 'umount', 'other')
    assert.deepEqual([existsSync(path), existsSync(second)], [false, false])

    const after = (await node.show('web')) as unknown as { disk: { bytes: number } }
    assert.ok(after.disk.bytes >= disk.bytes + (8 << 20), `${after.disk.bytes} bytes after ${disk.bytes}`)
    for (const name of ['web', 'other']) await node.ok('start', name)
    assert.equal(await sh('web', 'stat -c "%u:%g %n" /srv/app/tool /srv/new /srv/new/file /etc/motd'), OWNERS)
    assert.equal(await sh('web', 'cat /etc/motd; tail -c 6 /srv/app/tool; stat -c %s /srv/new/file'), 'mendedmended8388608')
    assert.equal(await sh('other', 'cat /etc/motd; cmp /bin/busybox /srv/app/tool'), 'hello')
    // What was made there is the VPS's own to change.
    assert.equal(await sh('web', 'rm -r /srv/new && echo more >> /etc/motd && rm /srv/app/tool && ls /srv/app'), '')
    for (const name of ['web', 'other']) await node.ok('stop', name, '--force')
    assert.match(await node.ok('vzfs', 'check'), /sound|nothing is wrong/)
  })

  test('keep their VPS from starting, also over the ends of the daemons, until they are unmounted', async () => {
    const path = await mount('web', '--write')
    const busy = startAttached(['sh', '-c', 'cd "$0" && exec sleep 600', path], { descriptors: ['null', 'null', 'null'] })
    try {
      assert.match(await refused('start', 'web'), new RegExp(`its files are mounted at ${path}`))
      for (const which of ['keeper', 'insulad'] as const) await node.killAndAwait(which)
      assert.match(await refused('destroy', 'web', '-y'), /its files are mounted/)
      assert.match(await refused('vzfs', 'umount', 'web'), new RegExp(`in use by process sleep \\(${busy.pid}\\)\\n`))
      // Whoever says it from within is not in the way himself.
      const within = await node.insula(['vzfs', 'umount', 'web'], { within: path })
      assert.match(within.stderr, new RegExp(`in use by process sleep \\(${busy.pid}\\)\\n`))
    } finally {
      process.kill(busy.pid, 'SIGKILL')
      await busy.ended
    }
    writeFileSync(`${path}/etc/motd`, 'again')
    // Nothing of the next keeper's mounts holds it.
    await node.ok('vzfs', 'umount', 'web')
    await node.ok('start', 'web')
    assert.equal(await sh('web', 'cat /etc/motd'), 'again')
    assert.match(await refused('vzfs', 'mount', 'web'), /it is running/)
  })

  test('are free when they were unmounted by hand, and at once after a stop', async () => {
    for (let round = 0; round < 3; round++) {
      await node.ok('stop', 'web', '--force')
      const path = await mount('web')
      const unmount = startAttached(['umount', path], { descriptors: ['null', 'null', 'null'] })
      assert.equal((await unmount.ended).code, 0)
      await node.ok('start', 'web')
    }
    assert.equal(await node.ok('vzfs', 'mounts', '-q'), '')
  })

  if (enforced)
    test('stay within the limit of their VPS', async () => {
      await node.ok('stop', 'web', '--force')
      const path = await mount('web', '--write')
      assert.throws(() => writeFileSync(`${path}/fill`, Buffer.alloc(90 << 20, 1)), { code: 'ENOSPC' })
      await node.ok('vzfs', 'umount', 'web')
      const said = await refused('snapshot', 'create', 'web', 'too-much')
      assert.match(
        said,
        /cannot make snapshot "too-much" of VPS "web": .* the limit of the area.* of 80\.0 MiB.*nothing of it is left/,
      )
      assert.match(said, /insula set VPS --disk/)
      assert.equal(await node.ok('snapshot', 'list', 'web', '-q'), '')
      // It has nothing left, and can be mounted and mended all the same.
      assert.equal(await mount('web', '--write'), path)
      unlinkSync(`${path}/fill`)
      writeFileSync(`${path}/fits`, Buffer.alloc(1 << 20, 1))
      await node.ok('vzfs', 'umount', 'web')
      // XFS takes what was removed off an account in the background.
      const used = async (): Promise<number> => ((await node.show('web')) as unknown as { disk: { bytes: number } }).disk.bytes
      for (let look = 0; look < 100 && (await used()) > 40 << 20; look++) await sleep(100)
      await node.ok('snapshot', 'create', 'web', 'fits')
    })
})

const OWNERS = '1000:33 /srv/app/tool\n0:0 /srv/new\n1001:1001 /srv/new/file\n0:0 /etc/motd'
