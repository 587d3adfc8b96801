/**
 * Quota of users and groups from inside a VPS, by root of the VPS, with Debian's own tools. It needs a kernel with quota, which the lab has; elsewhere a
 * VPS sees what the kernel says.
 */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { bringTools } from './support/host-tools.ts'
import { type Answer, hasQuota, testNode, until } from './support/node.ts'

const node = await testNode(['micro'])

const TOOLS = ['quota', 'setquota', 'edquota', 'repquota', 'quotaon', 'quotacheck', 'perl', 'unshare']
/** quotaoff is another name of quotaon. */
const PREPARE = `
  ln -sf quotaon /usr/sbin/quotaoff; mkdir -p /srv/u /root /tmp; chmod 1777 /srv/u /tmp
  printf 'root:x:0:0:root:/root:/bin/sh\\nalice:x:1000:1000::/root:/bin/sh\\nbob:x:1001:1001::/root:/bin/sh\\n' > /etc/passwd
  printf 'root:x:0:\\nalice:x:1000:\\nbob:x:1001:\\nstaff:x:2000:alice\\n' > /etc/group
`

const sh = (name: string, script: string, user = '0'): Promise<Answer> =>
  node.insula(['exec', name, '-u', user, '-w', '/', '--', 'sh', '-c', script])
/** What a script says, on both streams; it must succeed. */
const said = async (name: string, script: string, user = '0'): Promise<string> => {
  const { code, stdout } = await sh(name, `exec 2>&1\n${script}`, user)
  assert.equal(code, 0, `${script}: ${stdout}`)
  return stdout
}
/** On disk, because grace times begin with what is written there. */
const fill = (file: string, mib: number): string => `dd if=/dev/zero of=${file} bs=64k count=${mib * 16} conv=fsync`

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

/** Of the keeper's children, one for each kind of what is served. */
function listeners(): number[] {
  const keeper = node.pidOf('keeper')
  const children = readFileSync(`/proc/${keeper}/task/${keeper}/children`, 'utf8').split(' ').filter(Boolean)
  const named = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('insula-listener')
    } catch {
      // It has ended since.
      return false
    }
  }
  return children.filter(named).map(Number)
}

/** quotactl(2) by number: prints what it returned and the errno. */
const quotactl = (command: number, kind: number, id: string, structure: string, device = '/dev/root'): string =>
  `LC_ALL=C perl -e 'my $d = "${device}\\0"; my $s = ${structure}; my $r = syscall(179, ${command} << 8 | ${kind}, $d, ${id}, $s); print "$r ", $r < 0 ? $!+0 : 0, "\\n"'`
const GETQUOTA = 0x800007
const SETQUOTA = 0x800008
const [EPERM, ESRCH, EFAULT, EINVAL, EDQUOT] = [1, 3, 14, 22, 122]

if (await hasQuota(node)) {
  const vps = await node.running('tenant', ['--template', 'micro', '--disk', '200M', '--quota-ugid', '6'])
  await bringTools(node, vps, TOOLS)
  await said(vps, PREPARE)

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
      const { stdout } = await sh(vps, 'quotaon -pva; quotacheck -aug; echo $?')
      assert.match(stdout, /user quota on \/ \(\/dev\/root\) is on \(enforced\)/)
      assert.match(stdout, /group quota on \/ \(\/dev\/root\) is on \(enforced\)/)
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

    test('set outside are seen inside, and edquota changes them', async () => {
      await node.ok('quota', 'set', vps, '--user', '1001', '--disk', '9M:10M', '--inodes', '50')
      assert.match(await said(vps, 'repquota -uv /'), /^bob +-- +8192 +9216 +10240 +\d+ +0 +50/m)
      await said(
        vps,
        `printf '#!/bin/sh\\nsed -i s/10240/20480/ "$1"\\n' > /tmp/editor; chmod +x /tmp/editor; EDITOR=/tmp/editor edquota -u bob`,
      )
      assert.equal((await fromOutside(vps, 'user', 1001))?.bytesHard, 20 * 2 ** 20)
    })

    test('grace times are the VPS’s own, and of one user', async () => {
      const other = await node.running('calm', ['--template', 'micro', '--quota-ugid', '5'])
      await said(vps, 'setquota -t 3600 7200 /')
      assert.match(await node.ok('quota', 'grace', vps), /user: 1h for disk space, 2h for inodes/)
      assert.match(await node.ok('quota', 'grace', other), /user: 7d for disk space, 7d for inodes/)
      await said(vps, 'rm -f /srv/u/a; setquota -u alice 1024 4096 0 0 /')
      await said(vps, fill('/srv/u/a', 2), 'alice')
      const ends = Date.parse((await fromOutside(vps, 'user', 1000))?.bytesGraceEnds ?? '')
      assert.ok(Math.abs(ends - Date.now() - 3_600_000) < 300_000, new Date(ends).toISOString())
      assert.match(await said(vps, 'repquota -uv /'), /^alice +\+- +2048 +1024 +4096 +(00:59|01:00)/m)
      await said(vps, 'setquota -T -u alice 1 unset / 2>/dev/null || setquota -T -u alice 1 1 /')
      await until('the time is over', async () => (await sh(vps, 'sleep 5; echo x > /srv/u/more', 'alice')).code !== 0)
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
      const elsewhere = await said(vps, quotactl(GETQUOTA, 0, '5', '"\\0" x 72', '/dev/null'))
      assert.match(elsewhere, /^-1 /)
      assert.equal(await node.ok('quota', 'list', vps, '--json'), before)
      assert.ok([ESRCH, EDQUOT].every((errno) => errno > 0))
    })
  })

  test('the account cannot be left: neither by what is made inside nor by what is still the template’s', async () => {
    const cheat = await node.running('cheat', ['--template', 'micro', '--disk', '30M', '--quota-ugid', '5'])
    await bringTools(node, cheat, ['perl'])
    // FS_IOC_FSGETXATTR, then SETXATTR with the same, with project 0 and with flags cleared; FS_IOC_SETFLAGS. Each may be refused or do nothing.
    const ioctls = `LC_ALL=C perl -e 'for my $path (@ARGV) { open(my $f, "<", $path) or next; my $x = "\\0" x 28;
      ioctl($f, 0x801c581f, $x); my ($flags, $rest) = (unpack("L", $x), substr($x, 4));
      for my $p (unpack("x8 L", $rest), 0) { for my $g ($flags, $flags & ~0x200) { my $s = pack("L", $g) . substr($rest, 0, 8) . pack("L", $p) . substr($rest, 12); ioctl($f, 0x401c5820, $s) } }
      my $zero = pack("L", 0); ioctl($f, 0x40086602, $zero) }'`
    await said(
      cheat,
      `${ioctls} / /etc /bin /sbin /usr /var /srv /root /etc/passwd /etc/inittab /bin/busybox; mkdir /root/own; ${ioctls} /root/own; true`,
    )
    for (const place of ['/etc', '/usr', '/srv', '/root/own', '/var', '/bin']) {
      const { stdout } = await sh(
        cheat,
        `mkdir -p ${place} 2>&1; exec 2>&1; ${fill(`${place}/big`, 40)}; sync; rm -f ${place}/big`,
      )
      assert.match(stdout, /No space left|Disk quota exceeded|No such file/, place)
    }
    await said(cheat, 'cat /etc/passwd /etc/inittab /bin/busybox > /root/all; true')
    const more = await sh(cheat, `exec 2>&1; for f in /etc/passwd /etc/inittab; do dd if=/dev/zero of=$f bs=64k count=800; done`)
    assert.match(more.stdout, /No space left|Disk quota exceeded/)
    const { bytes } = (await node.show(cheat))['disk'] as { bytes: number }
    const private_ = Number((await said(cheat, 'du -skx / | cut -f1')).trim()) * 1024
    assert.ok(bytes >= 0 && private_ < 80 * 2 ** 20, `${private_} bytes seen inside, ${bytes} counted`)
  })

  test('a VPS that is full starts again, and can be tidied up', async () => {
    const full = await node.running('full', ['--template', 'micro', '--disk', '10M'])
    await sh(full, `${fill('/root/big', 20)}; i=0; while [ $i -lt 64 ]; do echo x >> /root/rest || break; i=$((i+1)); done; sync`)
    await node.ok('stop', full)
    await node.ok('start', full)
    assert.notEqual((await sh(full, fill('/root/more', 1))).code, 0)
    await said(full, 'rm -f /root/big /root/more')
    await said(full, fill('/root/again', 2))
  })

  describe('under attack', () => {
    test('an endless table of mounts, read without end, holds nobody up', async () => {
      const deep = `unshare -m sh -c 'mkdir -p /tmp/d && mount -t tmpfs d /tmp/d && cd /tmp/d && n=$(printf %0250d 1); i=0;
        while [ $i -lt 100 ]; do mkdir $n && cd $n || break; i=$((i+1)); done; j=0; while [ $j -lt 150 ]; do mkdir m$j; mount -t tmpfs m m$j; j=$((j+1)); done;
        end=$(($(date +%s)+20)); while [ $(date +%s) -lt $end ]; do cat /proc/mounts > /dev/null; done'`
      const neighbour = await node.running('patient', ['--template', 'micro', '--quota-ugid', '5'])
      const reading = sh(vps, deep)
      await until('it reads', async () => /cat|unshare/.test((await sh(vps, 'ps')).stdout))
      const began = performance.now()
      for (let call = 0; call < 5; call++) await said(neighbour, 'free > /dev/null; grep -c / /proc/mounts')
      const took = (performance.now() - began) / 5
      await reading
      // With exec, on an emulated machine that is kept busy.
      assert.ok(took < 10_000, `${took} ms`)
    })

    const quick = async (name: string): Promise<number> => {
      const script = `LC_ALL=C perl -e 'my $c = "\\0" x 16; sub now { syscall(228, 1, $c); my ($s, $n) = unpack "qq", $c; $s * 1e3 + $n / 1e6 }
        my @t; for (1 .. 50) { my $d = "/dev/root\\0"; my $s = "\\0" x 72; my $a = now; syscall(179, ${GETQUOTA} << 8, $d, 1000, $s); push @t, now() - $a; select undef, undef, undef, 0.02 }
        @t = sort { $a <=> $b } @t; print $t[48]'`
      return Number(await said(name, script))
    }
    test('a VPS that calls without end, and whose callers die in the middle, holds nobody up', async () => {
      const neighbour = await node.running('neighbour', ['--template', 'micro', '--quota-ugid', '5'])
      await bringTools(node, neighbour, ['perl'])
      const alone = await quick(neighbour)
      const flood = `for i in 1 2 3 4; do LC_ALL=C perl -e 'my $end = time + 20; while (time < $end) { if (my $p = fork) { select undef, undef, undef, 0.05; kill 9, $p; wait }
        else { my $d = "/dev/root\\0"; my $s = "\\0" x 72; syscall(179, ${GETQUOTA} << 8, $d, 1000, $s) while 1 } }' & done; wait`
      const flooding = sh(vps, flood)
      await until('it floods', async () => /perl/.test((await sh(vps, 'ps')).stdout))
      const beside = await quick(neighbour)
      await flooding
      // Half a second on an emulated machine with two CPUs that four processes keep busy.
      assert.ok(beside < Math.max(500, 50 * alone), `${beside} ms beside a flood, ${alone} ms alone`)
      assert.match(await said(vps, 'repquota -uv /'), /alice/)
    })

    test('an argument that lies in the table of mounts, which is served too, holds nobody up', async () => {
      const before = listeners()
      assert.equal(before.length, 2)
      const [MMAP, READ, PRIVATE] = [9, 1, 2]
      const script = `LC_ALL=C perl -e 'for (1 .. 20) { open my $f, "<", "/proc/mounts"; my $s = "\\0" x 72;
        my $at = syscall(${MMAP}, 0, 4096, ${READ}, ${PRIVATE}, fileno $f, 0); my $r = syscall(179, ${GETQUOTA} << 8, $at, 1000, $s);
        print "$r ", $!+0, "\\n" }'`
      assert.equal(await said(vps, script), '-1 2\n'.repeat(20))
      assert.deepEqual(listeners(), before)
    })

    test('memory that changes while it is read gives one of its two meanings', async () => {
      // Threads share it: a child that shares memory flips the limit between two good values while the parent sets it.
      const script = `LC_ALL=C perl -e '
        my $d = "/dev/root\\0"; my $ok = 0;
        for my $try (1 .. 200) { my $blocks = $try % 2 ? 1024 : 2048;
          my $s = pack("Q8L2", $blocks, 0, 0, 0, 0, 0, 0, 0, 1, 0);
          my $r = syscall(179, ${SETQUOTA} << 8, $d, 4001, $s);
          my $g = "\\0" x 72; syscall(179, ${GETQUOTA} << 8, $d, 4001, $g);
          $ok++ if $r == 0 && (unpack "Q", $g) == $blocks }
        print $ok'`
      assert.equal(await said(vps, script), '200')
      await said(vps, 'setquota -u 4001 0 0 0 0 /')
    })

    test('who serves can be killed at any time: calls wait, the table of mounts is there, limits hold', async () => {
      // In the background, since what exec runs ends with the keeper.
      const loop =
        'i=0; while [ $i -lt 100 ]; do repquota -u / > /dev/null 2>&1 || exit 8; grep -q usrquota /proc/mounts || exit 9; i=$((i+1)); done'
      await said(vps, `rm -f /tmp/result; ( (${loop}); echo $? > /tmp/result) > /dev/null 2>&1 &`)
      for (let kill = 0; kill < 3; kill++) {
        const before = listeners()
        for (const pid of before) process.kill(pid, 'SIGKILL')
        await until('others serve', () => listeners().length === 2 && !listeners().some((pid) => before.includes(pid)))
      }
      await node.killAndAwait('keeper')
      await node.killAndAwait('keeper')
      await until('the loop has ended', async () => (await sh(vps, 'test -e /tmp/result')).code === 0, 60)
      assert.equal(await said(vps, 'cat /tmp/result'), '0\n')
      await node.killAndAwait('insulad')
      assert.match(await said(vps, "grep ' / ' /proc/mounts; repquota -uv /"), /usrquota[\s\S]*alice/)
      const held = readdirSync(`/proc/${node.pidOf('keeper')}/fd`).length
      await sh(vps, 'for i in 1 2 3 4 5 6 7 8; do cat /proc/mounts > /dev/null; done')
      assert.ok(readdirSync(`/proc/${node.pidOf('keeper')}/fd`).length <= held + 4)
    })
  })

  test('a restart keeps limits and grace times; a destroyed VPS leaves none', async () => {
    await said(vps, 'setquota -u alice 0 1024 0 0 /')
    await node.ok('restart', vps)
    assert.match(await said(vps, "grep ' / ' /proc/mounts; repquota -uv /"), /usrquota[\s\S]*^alice .* 0 +1024 /m)
    assert.match(await node.ok('quota', 'grace', vps), /1h for disk space/)
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
