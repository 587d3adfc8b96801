/** Disk limits of VPSs and of users inside. The promises need a kernel with quota, which the lab has; elsewhere it is the honesty that is tested. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hasQuota, testNode, until } from './support/node.ts'

const MIB = 1024 ** 2
const node = await testNode(['micro'])

interface Disk {
  readonly bytes: number
  readonly inodes: number
  readonly enforced: boolean
  readonly bytesGraceEnds: string | null
}
const diskOf = async (name: string): Promise<Disk> => (await node.show(name))['disk'] as Disk
const running = (name: string, options: readonly string[] = []) =>
  node.running(name, ['--template', 'micro', '--ip', 'auto', ...options])
/** Runs a line of shell inside, as root or as a user. */
const sh = (name: string, line: string, user = '0') => node.exec(name, ['sh', '-c', line], { user, cwd: '/' })
const fill = (file: string, mib: number): string => `dd if=/dev/zero of=${file} bs=64k count=${mib * 16} 2>&1`
/** XFS begins to count the time when what was written gets its place on the disk, which is later. */
const sync = (name: string) => node.inside(name, 'sync')
const FULL = /No space left|Disk quota exceeded|Quota exceeded/

if (await hasQuota(node)) {
  describe('the limit of a VPS', () => {
    test('is what df shows, holds, and is nobody else’s', async () => {
      const name = await running('limited', ['--disk', '20M', '--inodes', '500'])
      const neighbour = await running('neighbour')
      assert.match(await node.inside(name, 'df', '-k', '/'), /\s20480\s/)
      assert.match(await node.inside(name, 'df', '-i', '/'), /\s500\s/)
      const full = await sh(name, fill('/root/big', 30))
      assert.notEqual(full.code, 0)
      assert.match(full.stdout, FULL)
      const { bytes, enforced } = await diskOf(name)
      assert.ok(enforced && bytes <= 20 * MIB && bytes > 19 * MIB, `${bytes}`)
      assert.equal((await sh(neighbour, fill('/root/big', 30))).code, 0)
      await sh(name, 'rm /root/big')
      const many = await sh(name, 'mkdir /root/d; i=0; while [ $i -lt 600 ]; do touch /root/d/$i || exit 9; i=$((i+1)); done')
      assert.equal(many.code, 9)
      assert.match(many.stderr, FULL)
      await sh(name, 'rm -r /root/d')
    })

    test('is raised and lowered while a process writes, and refused below use', async () => {
      const name = 'limited'
      await node.inside(
        name,
        'sh',
        '-c',
        `(while :; do dd if=/dev/zero of=/root/w bs=64k count=640 2>/dev/null; sleep 0.1; done) >/dev/null 2>&1 & echo $! > /run/writer`,
      )
      await until('it is full', async () => (await diskOf(name)).bytes > 19 * MIB)
      await node.ok('set', name, '--disk', '60M', '--inodes', 'unlimited')
      await until('it goes on', async () => (await diskOf(name)).bytes > 30 * MIB)
      assert.match(await node.inside(name, 'df', '-k', '/'), /\s61440\s/)
      await node.inside(name, 'sh', '-c', 'kill $(cat /run/writer)')
      await until('it is whole', async () => (await diskOf(name)).bytes >= 40 * MIB || (await sh(name, 'pidof dd')).code !== 0)
      await sh(name, fill('/root/w', 40))
      const refused = await node.insula(['set', name, '--disk', '10M'])
      assert.equal(refused.code, 4)
      assert.match(refused.stderr, /a disk limit of 10M is below the 4\d\S*M in use/)
      assert.match(await node.inside(name, 'df', '-k', '/'), /\s61440\s/)
      await node.ok('set', name, '--disk', '10M', '--force')
      assert.equal((await sh(name, 'wc -c < /root/w')).stdout.trim(), `${40 * MIB}`)
      assert.match((await sh(name, fill('/root/more', 1))).stdout, FULL)
      await node.ok('set', name, '--disk', 'unlimited')
      assert.equal((await sh(name, fill('/root/more', 1))).code, 0)
    })

    test('counts what is private and nothing that is shared', async () => {
      const name = await running('counted', ['--disk', '50M'])
      const start = await diskOf(name)
      assert.ok(start.bytes < 300 * 1024, `${start.bytes}`)
      // The template's one large file: to read it costs nothing, to change its mode one inode, to write to it its size.
      await node.inside(name, 'sh', '-c', 'cat /bin/busybox > /dev/null; cp /bin/busybox /run/')
      assert.ok((await diskOf(name)).bytes - start.bytes < 64 * 1024)
      const size = Number(await node.inside(name, 'stat', '-c', '%s', '/bin/busybox'))
      await node.inside(name, 'sh', '-c', 'cp /bin/busybox /root/copy && ln /root/copy /root/link')
      const copied = await diskOf(name)
      assert.ok(copied.bytes - start.bytes >= size && copied.bytes - start.bytes < size + 256 * 1024)
      await node.inside(name, 'sh', '-c', 'mkdir /root/d && mv /root/copy /root/d/ && ln /root/d/copy /root/d/again')
      assert.ok(Math.abs((await diskOf(name)).bytes - copied.bytes) < 64 * 1024, 'names are not counted')
      const sparse = (await diskOf(name)).bytes
      await node.inside(name, 'dd', 'if=/dev/zero', 'of=/root/sparse', 'bs=1', 'count=1', 'seek=30000000')
      assert.ok((await diskOf(name)).bytes - sparse < 128 * 1024, 'holes are not counted')
      // Deleted, and still open: until it is closed.
      await node.inside(
        name,
        'sh',
        '-c',
        `${fill('/root/open', 8)} >/dev/null; (sleep 600 < /root/open) >/dev/null 2>&1 & echo $! > /run/holder; sleep 0.2; rm /root/open`,
      )
      const open = (await diskOf(name)).bytes
      assert.ok(open - sparse >= 8 * MIB)
      await node.inside(name, 'sh', '-c', 'kill $(cat /run/holder)')
      await until('it is given back', async () => (await diskOf(name)).bytes < open - 7 * MIB)
    })

    test('soft: may be exceeded for a time, which is told', async () => {
      const name = 'counted'
      await node.inside(name, 'sh', '-c', 'rm -r /root/*')
      await node.ok('set', name, '--disk', '5M:20M')
      assert.equal((await sh(name, fill('/root/over', 8))).code, 0)
      await sync(name)
      const { bytesGraceEnds } = await diskOf(name)
      assert.ok(bytesGraceEnds !== null && Date.parse(bytesGraceEnds) > Date.now())
      assert.match(await node.ok('show', name), /disk-grace +until/)
      await sh(name, 'rm /root/over')
      await until('the time has stopped', async () => (await diskOf(name)).bytesGraceEnds === null)
    })

    test('its ids are free again only when its files are gone, and begin without limits', async () => {
      const name = await running('leaving', ['--disk', '30M', '--quota-ugid', '5'])
      await sh(name, fill('/root/big', 20))
      await node.ok('quota', 'set', name, '--user', '1000', '--disk', '3M')
      await node.ok('destroy', '-y', '--force', name)
      const next = await running('coming')
      await until('nothing is counted for it', async () => (await diskOf(next)).bytes < MIB)
      assert.doesNotMatch(await node.ok('quota', 'list', next), /3M/)
    })
  })

  describe('limits of users and groups inside', () => {
    test('hold for the user alone, on the ids of the VPS', async () => {
      const name = 'counted'
      await node.ok('set', name, '--disk', '100M', '--quota-ugid', '10')
      await node.inside(name, 'sh', '-c', 'mkdir -p /srv/u && chmod 1777 /srv/u')
      await node.ok('quota', 'set', name, '--user', '1000', '--disk', '3M:5M', '--inodes', '20')
      const full = await sh(name, fill('/srv/u/a', 8), '1000:1000')
      assert.notEqual(full.code, 0)
      assert.match(full.stdout, FULL)
      assert.equal((await sh(name, fill('/srv/u/b', 8), '1001:1001')).code, 0)
      assert.equal((await sh(name, fill('/srv/u/c', 8))).code, 0)
      await sync(name)
      const list = JSON.parse(await node.ok('quota', 'list', name, '--json')) as {
        kind: string
        id: number
        bytes: number
        bytesGraceEnds: string | null
      }[]
      const user = list.find(({ kind, id }) => kind === 'user' && id === 1000)
      assert.ok(user !== undefined && user.bytes <= 5 * MIB && user.bytes > 4 * MIB)
      assert.ok(user.bytesGraceEnds)
      await node.ok('quota', 'set', name, '--group', '1001', '--inodes', '3')
      assert.equal((await sh(name, 'for i in 1 2 3 4 5; do touch /srv/u/g$i || exit 9; done', '1001:1001')).code, 9)
      await node.ok('quota', 'set', name, '--user', '1000', '--disk', 'unlimited', '--inodes', 'unlimited')
      assert.equal((await sh(name, fill('/srv/u/a', 8), '1000:1000')).code, 0)
    })

    test('as many as the VPS may have', async () => {
      const name = 'neighbour'
      const refused = await node.insula(['quota', 'set', name, '--user', '5', '--disk', '1M'])
      assert.equal(refused.code, 4)
      assert.match(refused.stderr, /--quota-ugid/)
    })
  })
} else {
  test('on a volume without quota limits are recorded, use is counted, and every surface says so', async () => {
    const name = await running('counted', ['--disk', '20M', '--inodes', '500'])
    await sh(name, fill('/root/big', 30))
    const { bytes, enforced } = await diskOf(name)
    assert.ok(!enforced && bytes > 30 * MIB, `${bytes}`)
    assert.match(await node.ok('show', name), /^disk-limits +not enforced on this volume$/m)
    await until('the list knows', async () => /3\d(\.\d)?M\/20M!/.test(await node.ok('list', name, '-o', 'name,disk')))
    assert.match(await node.ok('doctor'), /disk limits of VPSs are not enforced on this volume/)
    const refused = await node.insula(['quota', 'set', name, '--user', '1000', '--disk', '1M'])
    assert.equal(refused.code, 6)
    assert.match(refused.stderr, /enforces no user quota/)
  })
}
