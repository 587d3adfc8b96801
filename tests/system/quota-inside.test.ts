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
  node.exec(name, ['sh', '-c', script], { user, cwd: '/' })
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
const [EPERM, EFAULT, EINVAL] = [1, 14, 22]

if (await hasQuota(node)) {
  const vps = await node.running('tenant', ['--template', 'micro', '--disk', '200M', '--quota-ugid', '6'])
  await bringTools(node, vps, TOOLS)
  await said(vps, PREPARE)
  const neighbour = await node.running('neighbour', ['--template', 'micro', '--quota-ugid', '5'])
  await bringTools(node, neighbour, ['perl'])

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

  test('space is counted in whatever way it is taken', async () => {
    const taker = await node.running('taker', ['--template', 'micro', '--disk', '30M'])
    await bringTools(node, taker, ['perl', 'unshare'])
    const used = async (): Promise<number> => ((await node.show(taker))['disk'] as { bytes: number }).bytes / 2 ** 20
    const perl = async (script: string): Promise<string> =>
      said(taker, `LC_ALL=C perl -e '$| = 1; my $mib = "x" x 1048576; ${script}'; sync`)
    // A file without a name, which gets one: open(2), O_TMPFILE; linkat(2).
    const nameless = `sysopen(my $f, "/root", 020200002, 0600) or die $!; my $n = 0; $n++ while $n < 60 && (syswrite($f, $mib) // 0) == 1048576;
      my ($from, $to) = ("/proc/self/fd/" . fileno($f) . "\\0", "/root/named\\0"); print "$n ", syscall(265, -100, $from, -100, $to, 0x400)`
    const [written = 0, linked] = (await perl(nameless)).split(' ').map(Number)
    assert.ok(written >= 25 && written < 30, `${written} MiB`)
    assert.equal(linked, 0)
    assert.ok((await used()) >= written)
    await said(taker, 'rm /root/named')
    // Space that is set aside, with and without a size: fallocate(2), mode 0, KEEP_SIZE, ZERO_RANGE.
    const aside = `for my $mode (0, 1, 16, 17) { open(my $f, ">", "/root/aside") or die; my $r = syscall(285, fileno $f, $mode, 0, 60 << 20); print "$r ", $!+0, "\\n"; unlink "/root/aside" }`
    assert.match(await perl(aside), /^(-1 (28|122)\n){4}$/)
    // Kept beyond the size, and a range put in and taken out in the middle: 8 + 8 MiB, then 1 MiB less.
    const ranges = `open(my $f, "+>", "/root/ranges") or die; syswrite($f, $mib) for 1 .. 8; print join " ", map { syscall(285, fileno $f, @$_) } [1, 8 << 20, 8 << 20], [0x20, 1 << 20, 1 << 20], [8, 4 << 20, 1 << 20]`
    const before = await used()
    assert.equal(await perl(ranges), '0 0 0')
    assert.ok(Math.abs((await used()) - before - 15) < 1, `${await used()} MiB after ${before}`)
    await said(taker, 'rm /root/ranges')
    // Blocks that are shared count for each file. ioctl_ficlone(2)
    const clones = `open(my $f, "+>", "/root/first") or die; syswrite($f, $mib) for 1 .. 8; my $n = 0; for (1 .. 9) { open(my $c, ">", "/root/clone$_") or die; ioctl($c, 0x40049409, fileno($f) + 0) or last; $n++ } print $n`
    const cloned = Number(await perl(clones))
    assert.ok(cloned <= 2 && (await used()) <= 30, `${cloned} clones, ${await used()} MiB`)
    await said(taker, 'rm /root/first /root/clone*')
    // Those of the template's file too.
    const size = Number(await said(taker, 'stat -c %s /bin/busybox')) / 2 ** 20
    const empty = await used()
    const ours = `my $n = 0; for (1 .. 3) { open(my $f, "<", "/bin/busybox") or die; open(my $c, ">", "/root/ours$_") or die; ioctl($c, 0x40049409, fileno($f) + 0) and $n++ } print $n`
    const taken = Number(await perl(ours))
    assert.ok((await used()) - empty >= taken * size - 0.1, `${taken} clones of ${size} MiB, ${await used()} MiB after ${empty}`)
    // From a user namespace of one's own, and over a file system laid over one's own.
    await said(taker, 'rm -f /root/ours*; mkdir -p /root/from /root/lay/up /root/lay/work /root/lay/all')
    const nested = `unshare -Urm sh -c 'mv /root/from /srv/to && cd /srv/to && dd if=/dev/zero of=a bs=64k count=960; mv a /root/b; mount -t overlay -o lowerdir=/srv,upperdir=/root/lay/up,workdir=/root/lay/work,userxattr lay /root/lay/all && dd if=/dev/zero of=/root/lay/all/c bs=64k count=960; true'; sync`
    const { stdout } = await sh(taker, `exec 2>&1; ${nested}`)
    assert.match(stdout, /No space left|Disk quota exceeded/)
    assert.ok((await used()) <= 30 && (await used()) > 25, `${await used()} MiB: ${stdout}`)
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
    /** An attack lasts for as long as its effect is measured, however slow the machine is. */
    const GOES_ON = '[ ! -e /tmp/enough ]'
    const enough = async (attack: Promise<Answer>): Promise<void> => {
      assert.equal(await Promise.race([attack, Promise.resolve('goes on')]), 'goes on')
      await said(vps, 'touch /tmp/enough')
      await attack
      await said(vps, 'rm /tmp/enough')
    }

    test('an endless table of mounts, read without end, holds nobody up', async () => {
      const deep = `unshare -m sh -c 'mkdir -p /tmp/d && mount -t tmpfs d /tmp/d && cd /tmp/d && n=$(printf %0250d 1); i=0;
        while [ $i -lt 100 ]; do mkdir $n && cd $n || break; i=$((i+1)); done; j=0; while [ $j -lt 150 ]; do mkdir m$j; mount -t tmpfs m m$j; j=$((j+1)); done;
        while ${GOES_ON}; do cat /proc/mounts > /dev/null; done'`
      const reading = sh(vps, deep)
      await until('it reads', async () => /cat|unshare/.test((await sh(vps, 'ps')).stdout))
      const began = performance.now()
      for (let call = 0; call < 5; call++) await said(neighbour, 'free > /dev/null; grep -c / /proc/mounts')
      const took = (performance.now() - began) / 5
      await enough(reading)
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
      const alone = await quick(neighbour)
      const flood = `for i in 1 2 3 4; do LC_ALL=C perl -e 'until (-e "/tmp/enough") { if (my $p = fork) { select undef, undef, undef, 0.05; kill 9, $p; wait }
        else { my $d = "/dev/root\\0"; my $s = "\\0" x 72; syscall(179, ${GETQUOTA} << 8, $d, 1000, $s) while 1 } }' & done; wait`
      const flooding = sh(vps, flood)
      await until('it floods', async () => /perl/.test((await sh(vps, 'ps')).stdout))
      const beside = await quick(neighbour)
      await enough(flooding)
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

    /** A page of memory that another process changes all the time, by $change, while this one calls. Perl has no threads. */
    const shared = (change: string, calls: string): string => `LC_ALL=C perl -e '
      my $d = "/dev/root\\0"; my $name = "m\\0"; my $fd = syscall(319, $name, 0); open(my $m, "+<&=", $fd) or die; truncate($m, 4096) or die;
      my $at = syscall(9, 0, 4096, 3, 1, $fd, 0); my @s = map { pack("Q8L2", @$_, 0, 0, 0, 0, 0, 0, 1, 0) } [1024, 0], [2048, 2048];
      syscall(18, $fd, $s[0], 72, 0); my $me = $$; my $child = fork;
      if (!$child) { for (my $i = 0; getppid == $me; $i++) { ${change} } exit }
      my %seen; for (1 .. 1000) { ${calls} }
      kill 9, $child; wait; print join(" ", sort keys %seen), "\\n"'`
    const stored = `my $g = "\\0" x 72; syscall(179, ${GETQUOTA} << 8, $d, 4001, $g); my ($hard, $soft) = unpack "Q2", $g;`

    test('memory that changes while it is read is taken for one of the things that it was', async () => {
      const set = `my $r = syscall(179, ${SETQUOTA} << 8, $d, 4001, $at); $seen{$r < 0 ? "errno " . ($! + 0) : "set"} = 1;
        ${stored} $seen{"stored $hard $soft"} = 1 if $soft > $hard or $hard != 1024 && $hard != 2048;`
      const seen = await said(vps, shared('syscall(18, $fd, $s[$i % 2], 72, 0)', set))
      // A soft limit above the hard one is refused, and never what is kept.
      assert.match(seen, /^(errno 22 )?set\n$/)
      await said(vps, 'setquota -u 4001 0 0 0 0 /')
    })

    test('memory that goes away in the middle is EFAULT, and holds nobody up', async () => {
      const before = listeners()
      const away = 'truncate($m, $i % 2 ? 4096 : 0); syscall(18, $fd, $s[0], 72, 0) if $i % 2;'
      const both = `for my $call (${SETQUOTA}, ${GETQUOTA}) { my $r = syscall(179, $call << 8, $d, 4001, $at); $seen{$r < 0 ? "errno " . ($! + 0) : "done"} = 1 }`
      const seen = await said(vps, shared(away, both))
      assert.match(seen, /^(done )?errno 14\n$/)
      assert.deepEqual(listeners(), before)
      await said(vps, 'setquota -u 4001 0 0 0 0 /')
    })

    test('who serves can be killed at any time: calls wait, the table of mounts is there, limits hold', async () => {
      // In the background, since what exec runs ends with the keeper.
      const loop = `while ${GOES_ON}; do repquota -u / > /dev/null 2>&1 || exit 8; grep -q usrquota /proc/mounts || exit 9; echo x >> /tmp/rounds; done`
      await said(vps, `rm -f /tmp/result /tmp/rounds; ( (${loop}); echo $? > /tmp/result) > /dev/null 2>&1 &`)
      const rounds = async (): Promise<number> => Number(await said(vps, 'cat /tmp/rounds 2> /dev/null | wc -l'))
      for (let kill = 0; kill < 3; kill++) {
        const before = listeners()
        for (const pid of before) process.kill(pid, 'SIGKILL')
        await until('others serve', () => listeners().length === 2 && !listeners().some((pid) => before.includes(pid)))
      }
      await node.killAndAwait('keeper')
      await node.killAndAwait('keeper')
      const after = await rounds()
      await until(
        'it goes on, or has failed',
        async () => (await rounds()) > after + 1 || (await sh(vps, 'test -e /tmp/result')).code === 0,
      )
      await said(vps, 'touch /tmp/enough')
      await until('the loop has ended', async () => (await sh(vps, 'test -e /tmp/result')).code === 0, 60)
      assert.equal(await said(vps, 'cat /tmp/result; rm /tmp/enough'), '0\n')
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
