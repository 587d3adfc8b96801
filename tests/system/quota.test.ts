/** Disk limits of VPSs and of users inside. The promises need a kernel with quota, which the lab has; elsewhere it is the honesty that is tested. */

import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { NO_QUOTA_LIMITS, type Quota, realQuota } from '@insula/kernel'
import { volumePaths } from '@insula/vzfs'
import { hasQuota, testNode, until } from './support/node.ts'

const MIB = 1024 ** 2
const node = await testNode(['micro'])

interface Disk {
  readonly bytes: number
  readonly inodes: number
  readonly enforced: boolean
  readonly bytesGraceEnds: string | null
  readonly inodesGraceEnds: string | null
}
const diskOf = async (name: string): Promise<Disk> => (await node.show(name))['disk'] as Disk
const running = (name: string, options: readonly string[] = []) =>
  node.running(name, ['--template', 'micro', '--ip', 'auto', ...options])
/** Runs a line of shell inside, as root or as a user. */
const sh = (name: string, line: string, user = '0') => node.exec(name, ['sh', '-c', line], { user, cwd: '/' })
const fill = (file: string, mib: number): string => `dd if=/dev/zero of=${file} bs=64k count=${mib * 16} 2>&1`
const files = (count: number): string =>
  `mkdir -p /root/d; i=0; while [ $i -lt ${count} ]; do touch /root/d/$i || exit 9; i=$((i+1)); done`
/** XFS begins to count the time when what was written gets its place on the disk, which is later. */
const sync = (name: string) => node.inside(name, 'sync')
/** Of the VPS's private files, on the node. */
const areaOf = async (name: string): Promise<{ readonly upper: string; readonly base: number }> => {
  const { info, upper } = volumePaths(node.instance.volume).area((await node.show(name)).id)
  return { upper, base: (JSON.parse(readFileSync(info, 'utf8')) as { base: number }).base }
}
function setProject(quota: Quota, path: string, project: number): void {
  const fd = openSync(path, 'r')
  quota.setProject(fd, project)
  closeSync(fd)
}
const FULL = /No space left|Disk quota exceeded|Quota exceeded/

const COLUMNS = 'name,disk,inodes'

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
      await until('the list knows', async () =>
        /^limited +(19\.\d|20)M\/20M +\d+\/500$/m.test(await node.ok('list', '-o', COLUMNS)),
      )
      const metrics = await node.ok('metrics')
      assert.match(metrics, /^insula_vps_disk_enforced\{[^}]*name="limited"\} 1$/m)
      assert.match(metrics, /^insula_vps_disk_bytes\{[^}]*name="limited"\} (199|20\d)\d{5}$/m)
      assert.match(await node.ok('vzfs', 'df'), /^vps +limited .* (20|19\.\d)M /m)
      assert.equal((await sh(neighbour, fill('/root/big', 30))).code, 0)
      await sh(name, 'rm /root/big')
      const many = await sh(name, files(600))
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
      await sh(name, files(120))
      const few = await node.insula(['set', name, '--inodes', '100'])
      assert.equal(few.code, 4)
      assert.match(few.stderr, /a limit of 100 inodes is below the \d+ in use/)
      assert.match(await node.inside(name, 'df', '-k', '/'), /\s61440\s/)
      await node.ok('set', name, '--disk', '10M', '--inodes', '100', '--force')
      assert.equal((await sh(name, 'wc -c < /root/w')).stdout.trim(), `${40 * MIB}`)
      assert.match((await sh(name, fill('/root/w', 41))).stdout, FULL)
      assert.match((await sh(name, 'touch /root/more')).stderr, FULL)
      await node.ok('set', name, '--disk', 'unlimited', '--inodes', 'unlimited')
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

    test('soft: may be exceeded for a time, which is told; then it is a hard one', async () => {
      const name = 'counted'
      await node.inside(name, 'sh', '-c', 'rm -r /root/*')
      using quota = realQuota(node.instance.volume)
      const grace = quota.grace('project')
      const times = ['--disk', `${grace.bytes}s`, '--inodes', `${grace.inodes}s`]
      await node.ok('set', name, '--disk', '5M:20M', '--inodes', '100:400')
      const exceed = `${fill('/root/over', 8)}; ${files(120)}`
      const tidy = 'rm -r /root/over /root/d'
      const calm = async (): Promise<boolean> => {
        const { bytesGraceEnds, inodesGraceEnds } = await diskOf(name)
        return bytesGraceEnds === null && inodesGraceEnds === null
      }
      assert.equal((await sh(name, exceed)).code, 0)
      await sync(name)
      for (const ends of [(await diskOf(name)).bytesGraceEnds, (await diskOf(name)).inodesGraceEnds])
        assert.ok(ends !== null && Date.parse(ends) > Date.now())
      assert.match(await node.ok('show', name), /disk-grace +until/)
      await sh(name, tidy)
      await until('the time has stopped', calm)
      try {
        const short = await node.ok('vzfs', 'volume', 'grace', 'default', '--disk', '2s', '--inodes', '2s')
        assert.equal(short, 'default: 2s for disk space, 2s for inodes\n')
        assert.deepEqual(quota.grace('project'), { bytes: 2, inodes: 2 })
        assert.equal((await sh(name, exceed)).code, 0)
        await sync(name)
        await until('no block more', async () => FULL.test((await sh(name, `sleep 1; ${fill('/root/over-too', 1)}`)).stdout))
        await until('no file more', async () => FULL.test((await sh(name, 'sleep 1; touch /root/d/more')).stderr))
        await sh(name, `${tidy} /root/over-too`)
        await until('the time has stopped', calm)
        assert.equal((await sh(name, fill('/root/again', 1))).code, 0)
      } finally {
        await node.ok('vzfs', 'volume', 'grace', 'default', ...times)
        await node.ok('set', name, '--inodes', 'unlimited')
      }
    })

    test('counts each snapshot for as much as it keeps, and refuses one that does not fit', async () => {
      const name = 'counted'
      await node.ok('set', name, '--disk', '30M')
      await sh(name, `rm -r /root/*; ${fill('/root/kept', 8)}; sync`)
      const before = (await diskOf(name)).bytes
      await node.ok('snapshot', 'create', name, 'one', '--suspend')
      const after = (await diskOf(name)).bytes
      assert.ok(after - before >= 8 * MIB && after - before <= before, `${before} bytes, then ${after}`)
      await sh(name, `rm /root/kept; ${fill('/root/other', 8)}; sync`)
      assert.ok(Math.abs((await diskOf(name)).bytes - after) < MIB)
      await node.ok('set', name, '--disk', '20M')
      const refused = await node.insula(['snapshot', 'create', name, 'two', '--suspend'])
      assert.equal(refused.code, 7)
      assert.match(refused.stderr, /does not fit into the limit/)
      await node.ok('snapshot', 'remove', name, 'one')
      await until('it is given back', async () => (await diskOf(name)).bytes < after - 7 * MIB)
    })

    test('that is wrong on the disk, or whose files are counted for nobody, is found and put right while the VPS runs', async () => {
      const name = 'limited'
      const { upper, base } = await areaOf(name)
      const { pid } = await node.show(name)
      using quota = realQuota(node.instance.volume)
      await node.ok('set', name, '--disk', '90M')
      await sh(name, `rm -rf /root/*; mkdir /root/d; ${fill('/root/mine', 5)}; sync`)
      const before = (await diskOf(name)).bytes
      quota.setLimits('project', base / 65_536, NO_QUOTA_LIMITS)
      setProject(quota, `${upper}/root/mine`, 0)
      setProject(quota, `${upper}/root/d`, 0)
      // Written to the end of the repair, in what is counted for nobody.
      await sh(
        name,
        `(while :; do ${fill('/root/d/more', 5)} conv=notrunc > /dev/null; sleep 0.2; done) > /dev/null 2>&1 & echo $! > /run/writer`,
      )
      await until('it is lost', async () => (await sh(name, 'wc -c < /root/d/more')).stdout.trim() === `${5 * MIB}`)
      assert.ok((await diskOf(name)).bytes < before)
      const doctor = await node.insula(['doctor'])
      assert.equal(doctor.code, 1)
      assert.match(doctor.stdout, /vps limited: its disk limits are not those of its record/)
      const check = await node.insula(['vzfs', 'check'])
      assert.equal(check.code, 1)
      assert.match(check.stdout, /not all of its files are counted for its disk limit: upper\/root\S* is not/)
      await node.ok('vzfs', 'check', '--repair')
      await node.insula(['doctor', '--repair'])
      await node.inside(name, 'sh', '-c', 'kill $(cat /run/writer)')
      assert.doesNotMatch((await node.insula(['doctor'])).stdout, /vps limited/)
      await node.ok('vzfs', 'check')
      assert.equal(quota.account('project', base / 65_536).limits.bytesHard, 90 * MIB)
      await sync(name)
      const { bytes } = await diskOf(name)
      assert.ok(bytes >= before + 5 * MIB, `${bytes} bytes, ${before} before 5M more`)
      assert.equal((await node.show(name)).pid, pid)
      assert.match((await sh(name, fill('/root/d/most', 90))).stdout, FULL)
      await sh(name, 'rm -r /root/*')
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
    assert.match(await node.ok('list', name, '-o', COLUMNS), /^counted +\S+! +\d+\/500!$/m)
    assert.match(await node.ok('metrics'), /^insula_vps_disk_enforced\{[^}]*name="counted"\} 0$/m)
    assert.match(await node.ok('vzfs', 'volume', 'list', '-o', 'name,quota'), /^default +no$/m)
    const grace = await node.insula(['vzfs', 'volume', 'grace', 'default', '--disk', '3d'])
    assert.equal(grace.code, 6)
    assert.match(await node.ok('doctor'), /disk limits of VPSs are not enforced on this volume/)
    const set = await node.insula(['set', name, '--disk', '200M'])
    assert.match(set.stderr, /^insula: disk limits of counted are recorded, but not enforced on volume default/)
    const below = await node.insula(['set', name, '--disk', '10M'])
    assert.equal(below.code, 4, 'a limit below what is counted is refused here too')
    const refused = await node.insula(['quota', 'set', name, '--user', '1000', '--disk', '1M'])
    assert.equal(refused.code, 6)
    assert.match(refused.stderr, /enforces no user quota/)
  })
}
