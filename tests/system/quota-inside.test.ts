/**
 * Quota of users and groups from inside a VPS, by root of the VPS, with Debian's own tools. It needs a kernel with quota, which the lab has; elsewhere a
 * VPS sees what the kernel says.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { realProcessRunner, realQuota } from '@insula/kernel'
import { hasQuota, testNode, until } from './support/node.ts'
import { fill, GETQUOTA, quotactl, SETQUOTA, tenantsOf } from './support/quota-inside.ts'

const node = await testNode(['micro'])
const { sh, said, areaOf, withTools } = tenantsOf(node)

interface Entry {
  readonly kind: string
  readonly id: number
  readonly bytes: number
  readonly bytesSoft: number | null
  readonly bytesHard: number | null
  readonly inodesHard: number | null
  readonly bytesGraceEnds: string | null
}
const fromOutside = async (name: string, kind: string, id: number): Promise<Entry | undefined> =>
  (JSON.parse(await node.ok('quota', 'list', name, '--json')) as Entry[]).find((one) => one.kind === kind && one.id === id)

/** What `repquota -n` says of ids from `base` on, without the grace times, by id. */
const reported = (report: string, base: number): Record<string, string> =>
  Object.fromEntries(
    Array.from(report.matchAll(/^#(\d+) +(\S\S) +(\d+) +(\d+) +(\d+) +(?:\S+ +)??(\d+) +(\d+) +(\d+)/gm), ([, id, ...rest]) => [
      Number(id) - base,
      rest.join(' '),
    ]).filter(([id]) => Number(id) >= 0 && Number(id) < 65_536),
  )

const [EPERM, EFAULT, EINVAL] = [1, 14, 22]

if (await hasQuota(node)) {
  const vps = await withTools('tenant', '--disk', '200M', '--quota-ugid', '6')
  const neighbour = await node.running('neighbour', ['--template', 'micro', '--quota-ugid', '5'])

  describe('what tools see', () => {
    test('a file system with quota on a device, in a table that is otherwise the kernel’s', async () => {
      const seen = await said(
        vps,
        `grep ' / ' /proc/mounts; stat -c '%F %u' /dev/root; mount -t tmpfs ours /srv/u; grep -c ' /srv/u tmpfs' /proc/mounts; umount /srv/u
         grep -c ' /srv/u tmpfs' /proc/mounts; cat /proc/mounts > /tmp/m; diff /tmp/m /proc/self/mounts | grep -c '^[-+][^-+]'; dd if=/proc/mounts bs=7 2>/dev/null | grep -c '^/dev/root / '
         unshare -m sh -c 'mount -t tmpfs hidden /srv/u; grep -c hidden /proc/mounts'; grep -c hidden /proc/mounts; true`,
      )
      const [line = '', device, mounted, unmounted, differ, part, private1, private2] = seen.trim().split('\n')
      assert.match(line, /^\/dev\/root \/ xfs rw,\S*usrquota,grpquota 0 0$/)
      assert.equal(device, 'block special file 0')
      assert.deepEqual([mounted, unmounted, differ, part], ['1', '0', '2', '1'])
      assert.deepEqual([private1, private2], ['1', '0'])
    })

    test('quotaon says that it is on; there is nothing for quotacheck to do', async () => {
      const { stdout } = await sh(vps, 'quotaon -pva')
      assert.match(stdout, /user quota on \/ \(\/dev\/root\) is on \(enforced\)/)
      assert.match(stdout, /group quota on \/ \(\/dev\/root\) is on \(enforced\)/)
      // As on the node, whose file system counts all the time too.
      const check = await sh(vps, 'exec 2>&1; quotacheck -ug /')
      const node_ = await realProcessRunner().run(['quotacheck', '-ug', node.instance.volume], { accept: [0, 1, 2, 3, 4, 5, 6] })
      assert.deepEqual([check.code, check.stdout.replace('/', node.instance.volume)], [node_.code, node_.stdout + node_.stderr])
    })
  })

  describe('limits', () => {
    test('set inside hold, and are the same in repquota, quota and from outside', async () => {
      await said(vps, 'setquota -u alice 2048 4096 0 30 /; setquota -g staff 0 8192 0 0 /')
      const full = await sh(vps, `exec 2>&1; ${fill('/srv/u/a', 8)}; sync`, 'alice')
      assert.match(full.stdout, /Disk quota exceeded/)
      assert.equal((await sh(vps, fill('/srv/u/b', 8), 'bob')).code, 0)
      const report = await said(vps, 'repquota -uv /')
      const [, flags, used, soft, hard, grace] = /^alice +(\S+) +(\d+) +(\d+) +(\d+) +(\S+)/m.exec(report) ?? []
      assert.deepEqual([flags, soft, hard], ['+-', '2048', '4096'], report)
      assert.match(grace ?? '', /days/)
      const outside = await fromOutside(vps, 'user', 1000)
      assert.deepEqual(
        [outside?.bytes, outside?.bytesSoft, outside?.bytesHard, outside?.inodesHard],
        [Number(used) * 1024, 2048 * 1024, 4096 * 1024, 30],
      )
      assert.ok(outside?.bytesGraceEnds)
      assert.match(await said(vps, 'repquota -gv /'), /^staff +-- +0 +0 +8192/m)
      // Over the soft limit: quota says so by its exit code.
      const own = await sh(vps, 'quota -w', 'alice')
      assert.equal(own.code, 1)
      assert.match(own.stdout, /\/dev\/root +\d+\* +2048 +4096/)
    })

    test('repquota inside says what repquota of the node says of the same ids', async () => {
      const { base } = await areaOf(vps)
      await said(vps, 'sync')
      for (const kind of ['-u', '-g']) {
        const inside = reported(await said(vps, `repquota -nv ${kind} /`), 0)
        const { stdout } = await realProcessRunner().run(['repquota', '-nv', kind, node.instance.volume])
        assert.deepEqual(inside, reported(stdout, base), stdout)
        assert.ok(Object.keys(inside).length >= 2, JSON.stringify(inside))
      }
    })

    test('set outside are seen inside, and edquota changes them', async () => {
      await node.ok('quota', 'set', vps, '--user', '1001', '--disk', '9M:10M', '--inodes', '50')
      assert.match(await said(vps, 'repquota -uv /'), /^bob +-- +8192 +9216 +10240 +\d+ +0 +50/m)
      await said(
        vps,
        `printf '#!/bin/sh\\nsed -i s/10240/20480/ "$1"\\n' > /tmp/editor; chmod +x /tmp/editor; EDITOR=/tmp/editor edquota -u bob`,
      )
      assert.equal((await fromOutside(vps, 'user', 1001))?.bytesHard, 20 * 2 ** 20)
      // Those of another.
      await said(vps, 'setquota -u 3001 1024 2048 0 0 /; edquota -p 3001 -u 3002')
      const { bytesSoft, bytesHard } = (await fromOutside(vps, 'user', 3002)) ?? {}
      assert.deepEqual([bytesSoft, bytesHard], [2 ** 20, 2 ** 21])
      await said(vps, 'setquota -u 3001 0 0 0 0 /; setquota -u 3002 0 0 0 0 /')
    })

    test('grace times are the VPS’s own, and of one user', async () => {
      await said(vps, 'setquota -t 3600 7200 /')
      assert.match(await node.ok('quota', 'grace', vps), /user: 1h for disk space, 2h for inodes/)
      assert.match(await node.ok('quota', 'grace', neighbour), /user: 7d for disk space, 7d for inodes/)
      await said(vps, 'rm -f /srv/u/a; setquota -u alice 1024 4096 0 0 /')
      await said(vps, fill('/srv/u/a', 2), 'alice')
      const ends = Date.parse((await fromOutside(vps, 'user', 1000))?.bytesGraceEnds ?? '')
      assert.ok(Math.abs(ends - Date.now() - 3_600_000) < 300_000, new Date(ends).toISOString())
      assert.match(await said(vps, 'repquota -uv /'), /^alice +\+- +2048 +1024 +4096 +(00:59|01:00)/m)
      await said(vps, 'setquota -T -u alice 1 unset / 2>/dev/null || setquota -T -u alice 1 1 /')
      await until('the time is over', async () => (await sh(vps, 'sleep 1; echo x > /srv/u/more', 'alice')).code !== 0)
      await said(vps, 'rm -f /srv/u/a /srv/u/more')
      assert.equal((await sh(vps, 'echo x > /srv/u/more', 'alice')).code, 0)
    })

    test('off: nothing is refused; on: they hold again', async () => {
      await said(vps, 'rm -f /srv/u/*; setquota -u alice 0 1024 0 0 /; quotaoff -u /')
      assert.match((await sh(vps, 'quotaon -pv /')).stdout, /user quota on \/ \(\/dev\/root\) is on \(accounting\)/)
      await said(vps, fill('/srv/u/a', 3), 'alice')
      assert.match(await node.ok('quota', 'grace', vps), /^user: .*limits are off$/m)
      assert.match(await said(vps, 'repquota -uv / 2>&1; true'), /^alice +\S+ +3072 +0 +1024/m)
      await said(vps, 'quotaon -u /')
      assert.notEqual((await sh(vps, fill('/srv/u/c', 1), 'alice')).code, 0)
      await said(vps, 'rm -f /srv/u/*')
    })

    test('no more users have limits than the VPS was given', async () => {
      const { code, stdout } = await sh(
        vps,
        'exec 2>&1; for id in 3001 3002 3003 3004 3005; do setquota -u $id 0 1024 0 0 / || exit 9; done',
      )
      assert.equal(code, 9)
      assert.match(stdout, /Disk quota exceeded/)
      await node.ok('set', vps, '--quota-ugid', '50')
      await said(vps, 'for id in 3001 3002 3003 3004 3005; do setquota -u $id 0 1024 0 0 / || exit 9; done')
      await said(vps, 'for id in 3001 3002 3003 3004 3005; do setquota -u $id 0 0 0 0 / || exit 9; done')
    })

    test('none for a VPS that has no quota for users, which is told at once', async () => {
      await node.ok('set', vps, '--quota-ugid', '0')
      const { stdout } = await sh(
        vps,
        `grep ' / ' /proc/mounts; repquota -uv / 2>&1; ${quotactl(GETQUOTA, 0, '1000', '"\\0" x 72')}`,
      )
      assert.match(stdout, /^vzfs \/ overlay/)
      assert.match(stdout, /not found or has no quota enabled/)
      assert.match(stdout, /^-1 /m)
      await said(vps, fill('/srv/u/free', 2), 'alice')
      await node.ok('set', vps, '--quota-ugid', '50')
      assert.match(await said(vps, 'repquota -uv /'), /^alice .* 0 +1024 /m)
      assert.notEqual((await sh(vps, fill('/srv/u/free2', 1), 'alice')).code, 0)
      await said(vps, 'rm -f /srv/u/*')
    })
  })

  describe('who may', () => {
    test('a user asks about itself alone and sets nothing', async () => {
      const asked = await said(
        vps,
        [
          quotactl(GETQUOTA, 0, '1000', '"\\0" x 72'),
          quotactl(GETQUOTA, 0, '1001', '"\\0" x 72'),
          quotactl(SETQUOTA, 0, '1000', '"\\0" x 72'),
        ].join('\n'),
        'alice',
      )
      assert.deepEqual(asked.trim().split('\n'), ['0 0', `-1 ${EPERM}`, `-1 ${EPERM}`])
      const { stdout } = await sh(
        vps,
        `unshare -Ur sh -c '${quotactl(SETQUOTA, 0, '0', '"\\0" x 72').replaceAll("'", `'"'"'`)}'`,
        'alice',
      )
      assert.match(stdout, /^-1 /, 'root of a user namespace inside is nobody here')
    })

    test('quotactl_fd tells the same, of the file system of the VPS alone', async () => {
      await said(vps, 'setquota -u alice 0 1024 0 0 /')
      const byFile = (path: string): string =>
        `LC_ALL=C perl -e 'open my $f, "<", "${path}" or die; my $s = "\\0" x 72; my $r = syscall(443, fileno $f, ${GETQUOTA} << 8, 1000, $s); print "$r ", join(" ", unpack "Q8", $s), "\\n"'`
      const byDevice = `LC_ALL=C perl -e 'my $d = "/dev/root\\0"; my $s = "\\0" x 72; my $r = syscall(179, ${GETQUOTA} << 8, $d, 1000, $s); print "$r ", join(" ", unpack "Q8", $s), "\\n"'`
      const [root, etc, device] = (await said(vps, [byFile('/'), byFile('/etc/passwd'), byDevice].join('\n'))).trim().split('\n')
      assert.match(device ?? '', /^0 1024 0 /)
      assert.deepEqual([root, etc], [device, device])
      for (const path of ['/proc/self/status', '/dev/null', '/tmp'])
        assert.match(await said(vps, `mount -t tmpfs t /tmp; ${byFile(path)}; umount /tmp`), /^-1 /)
    })

    test('ids, commands, devices, kinds and memory that are wrong get the kernel’s errno, and change nothing', async () => {
      const before = await node.ok('quota', 'list', vps, '--json')
      const wrong: [string, number][] = [
        [quotactl(GETQUOTA, 0, '70000', '"\\0" x 72'), EINVAL],
        [quotactl(SETQUOTA, 0, '4294967295', '"\\0" x 72'), EINVAL],
        [quotactl(GETQUOTA, 2, '5', '"\\0" x 72'), EINVAL],
        [quotactl(GETQUOTA, 77, '5', '"\\0" x 72'), EINVAL],
        [quotactl(0x8000ff, 0, '5', '"\\0" x 72'), EINVAL],
        [quotactl(SETQUOTA, 0, '5', '8'), EFAULT],
        [quotactl(GETQUOTA, 0, '5', '0x7ffffffff000'), EFAULT],
        // 2^63 blocks, and a valid mask of what nobody can set.
        [quotactl(SETQUOTA, 0, '5', 'pack("Q8L2", ~0, ~0, 0, 0, 0, 0, 0, 0, 1, 0)'), 34],
        [quotactl(SETQUOTA, 0, '5', 'pack("Q8L2", 0, 0, 5, 0, 0, 0, 0, 0, 2, 0)'), EINVAL],
        // Soft above hard.
        [quotactl(SETQUOTA, 0, '5', 'pack("Q8L2", 5, 9, 0, 0, 0, 0, 0, 0, 1, 0)'), EINVAL],
      ]
      const answers = (await said(vps, wrong.map(([script]) => script).join('\n'))).trim().split('\n')
      assert.deepEqual(
        answers,
        wrong.map(([, errno]) => `-1 ${errno}`),
      )
      // Of another format, by the tool itself.
      const other = await sh(vps, 'exec 2>&1; setquota -F vfsold -u alice 1 2 3 4 /')
      assert.notEqual(other.code, 0, other.stdout)
      const elsewhere = await said(vps, quotactl(GETQUOTA, 0, '5', '"\\0" x 72', '/dev/null'))
      assert.match(elsewhere, /^-1 /)
      assert.equal(await node.ok('quota', 'list', vps, '--json'), before)
    })
  })

  test('a restart keeps limits and grace times; a destroyed VPS leaves none', async () => {
    await said(vps, 'setquota -u alice 0 1024 0 0 /')
    await node.ok('restart', vps)
    assert.match(await said(vps, "grep ' / ' /proc/mounts; repquota -uv /"), /usrquota[\s\S]*^alice .* 0 +1024 /m)
    assert.match(await node.ok('quota', 'grace', vps), /1h for disk space/)
    const { base } = await areaOf(vps)
    using quota = realQuota(node.instance.volume)
    assert.equal(quota.account('user', base + 1000).limits.bytesHard, 1024 * 1024)
    await node.ok('destroy', '-y', '--force', vps)
    await until('nothing is left of its limits and files', () => {
      const [user, project] = [quota.account('user', base + 1000), quota.account('project', base / 65_536)]
      return user.limits.bytesHard === null && user.inodes === 0 && project.limits.bytesHard === null && project.inodes === 0
    })
  })
} else {
  test('on a volume without quota a VPS sees what the kernel says', async () => {
    const vps = await node.running('tenant', ['--template', 'micro', '--quota-ugid', '5'])
    assert.match(
      await said(vps, "grep ' / ' /proc/mounts; ls /dev/root 2>/dev/null; readlink /proc/mounts"),
      /^vzfs \/ overlay.*\nself\/mounts\n$/,
    )
  })
}
