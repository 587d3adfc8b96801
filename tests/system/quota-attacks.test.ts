/** What a tenant may try against the quota of its VPS and of its users, and against who answers it. It needs a kernel with quota, which the lab has. */

import assert from 'node:assert/strict'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { realQuota } from '@insula/kernel'
import { bringTools } from './support/host-tools.ts'
import { type Answer, hasQuota, testNode, until } from './support/node.ts'
import { fill, GETQUOTA, SETQUOTA, tenantsOf } from './support/quota-inside.ts'

const node = await testNode(['micro'])
const { sh, said, areaOf, withTools } = tenantsOf(node)

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

if (await hasQuota(node)) {
  const vps = await withTools('tenant', '--disk', '200M', '--quota-ugid', '6')
  const neighbour = await node.running('neighbour', ['--template', 'micro', '--quota-ugid', '5'])
  await bringTools(node, neighbour, ['perl'])
  await said(vps, 'setquota -u alice 0 1024 0 0 /')

  test('the account cannot be left: neither by what is made inside nor by what is still the template’s', async () => {
    const cheat = await node.running('cheat', ['--template', 'micro', '--disk', '30M', '--quota-ugid', '5'])
    await bringTools(node, cheat, ['perl', 'chattr'])
    // FS_IOC_FSGETXATTR, then SETXATTR with the same, with project 0 and with flags cleared; FS_IOC_SETFLAGS. Each may be refused or do nothing.
    const ioctls = `LC_ALL=C perl -e 'for my $path (@ARGV) { open(my $f, "<", $path) or next; my $x = "\\0" x 28;
      ioctl($f, 0x801c581f, $x); my ($flags, $rest) = (unpack("L", $x), substr($x, 4));
      for my $p (unpack("x8 L", $rest), 0) { for my $g ($flags, $flags & ~0x200) { my $s = pack("L", $g) . substr($rest, 0, 8) . pack("L", $p) . substr($rest, 12); ioctl($f, 0x401c5820, $s) } }
      my $zero = pack("L", 0); ioctl($f, 0x40086602, $zero) }'`
    await said(
      cheat,
      `mkdir -p /root/own; ${ioctls} / /etc /bin /sbin /usr /var /srv /root /root/own /etc/passwd /etc/inittab /bin/busybox; test -d /root/own`,
    )
    for (const change of ['-p 0', '-p 12345', '-P']) {
      const { code, stdout } = await sh(cheat, `exec 2>&1; chattr ${change} /root/own`)
      assert.notEqual(code, 0, `chattr ${change}: ${stdout}`)
    }
    const { base, upper } = await areaOf(cheat)
    using quota = realQuota(node.instance.volume)
    for (const place of ['root/own', 'srv', 'etc', 'etc/passwd', 'usr', ''].filter((one) => existsSync(join(upper, one)))) {
      const fd = openSync(join(upper, place), 'r')
      // Its own, or that of all layers, in which nothing can grow.
      assert.ok([base / 65_536, 0x494e_5300].includes(quota.project(fd)?.id ?? -1), place)
      closeSync(fd)
    }
    // Names of one file in directories of both numbers.
    await said(
      cheat,
      `${fill('/root/own/f', 10)}; LC_ALL=C perl -e 'for my $d (qw(/etc /usr /bin /var)) { link("/root/own/f", "$d/linked"); rename("/root/own/f", "$d/moved") and rename("$d/moved", "/root/own/f") }'; sync; test -s /root/own/f`,
    )
    const counted = async (): Promise<number> => ((await node.show(cheat))['disk'] as { bytes: number }).bytes
    assert.ok((await counted()) >= 10 * 2 ** 20, `${await counted()} bytes`)
    await said(cheat, 'rm -f /root/own/f /etc/linked /usr/linked /bin/linked /var/linked')
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
    const bytes = await counted()
    const private_ = Number((await said(cheat, 'du -skx / | cut -f1')).trim()) * 1024
    assert.ok(bytes >= 0 && private_ < 80 * 2 ** 20, `${private_} bytes seen inside, ${bytes} counted`)
    // What it spoiled for itself a check gives back.
    await node.ok('vzfs', 'check', '--repair')
    for (const place of ['/etc', '/srv']) await said(cheat, `${fill(`${place}/little`, 1)}; rm ${place}/little`)
  })

  test('space is counted in whatever way it is taken', async () => {
    const taker = await node.running('taker', ['--template', 'micro', '--disk', '30M'])
    await bringTools(node, taker, ['perl', 'unshare'])
    const used = async (): Promise<number> => ((await node.show(taker))['disk'] as { bytes: number }).bytes / 2 ** 20
    const perl = async (script: string): Promise<string> =>
      said(taker, `LC_ALL=C perl -e '$| = 1; my $mib = "x" x 1048576; ${script}'; sync`)
    await said(taker, 'sync')
    const begin = await used()
    // A file without a name, which gets one: open(2), O_TMPFILE; linkat(2).
    const nameless = `sysopen(my $f, "/root", 020200002, 0600) or die $!; my $n = 0; $n++ while $n < 60 && (syswrite($f, $mib) // 0) == 1048576;
      my ($from, $to) = ("/proc/self/fd/" . fileno($f) . "\\0", "/root/named\\0"); print "$n ", syscall(265, -100, $from, -100, $to, 0x400)`
    const [written = 0, linked] = (await perl(nameless)).split(' ').map(Number)
    assert.ok(written >= 15 && written < 30, `${written} MiB`)
    assert.equal(linked, 0)
    assert.ok((await used()) >= written)
    const tidied = async (files: string): Promise<void> => {
      await said(taker, `rm -f ${files}`)
      await until('it is given back', async () => (await used()) < begin + 0.5)
    }
    await tidied('/root/named')
    // Space that is set aside, with and without a size: fallocate(2), mode 0, KEEP_SIZE, ZERO_RANGE.
    const aside = `for my $mode (0, 1, 16, 17) { open(my $f, ">", "/root/aside") or die; my $r = syscall(285, fileno $f, $mode, 0, 60 << 20); print "$r ", $!+0, "\\n"; unlink "/root/aside" }`
    assert.match(await perl(aside), /^(-1 (28|122)\n){4}$/)
    await tidied('/root/aside')
    // Kept beyond the size: 4 + 4 MiB. Then a range put in and one taken out, for which XFS gives back what is beyond the size: 1 MiB less than 4.
    const ranges = (how: string, calls: string): string =>
      `open(my $f, "${how}", "/root/ranges") or die; if ("${how}" eq "+>") { syswrite($f, $mib) for 1 .. 4 } print join " ", map { syscall(285, fileno $f, @$_) } ${calls}`
    assert.equal(await perl(ranges('+>', '[1, 4 << 20, 4 << 20]')), '0')
    const most = await used()
    assert.equal(await perl(ranges('+<', '[0x20, 1 << 20, 1 << 20], [8, 2 << 20, 1 << 20]')), '0 0')
    const least = await used()
    assert.ok(most - begin >= 7.9 && least - begin >= 2.9, `${most} and ${least} MiB after ${begin}`)
    await tidied('/root/ranges')
    // Blocks that are shared count for each file. ioctl_ficlone(2)
    const clones = `open(my $f, "+>", "/root/first") or die; syswrite($f, $mib) for 1 .. 4; my $n = 0; for (1 .. 9) { open(my $c, ">", "/root/clone$_") or die; ioctl($c, 0x40049409, fileno($f) + 0) or last; $n++ } print $n`
    const cloned = Number(await perl(clones))
    const counted = (await used()) - begin
    // XFS wants room for twice a clone while it makes it.
    assert.ok(
      cloned >= 2 && cloned <= 4 && counted >= 4 * (1 + cloned) && (await used()) <= 30,
      `${cloned} clones, ${counted} MiB`,
    )
    await tidied('/root/first /root/clone*')
    // Those of the template's file too.
    const size = Number(await said(taker, 'stat -c %s /bin/busybox')) / 2 ** 20
    const ours = `my $n = 0; for (1 .. 3) { open(my $f, "<", "/bin/busybox") or die; open(my $c, ">", "/root/ours$_") or die; ioctl($c, 0x40049409, fileno($f) + 0) and $n++ } print $n`
    const taken = Number(await perl(ours))
    assert.ok(
      taken === 3 && (await used()) - begin >= taken * size - 0.1,
      `${taken} clones of ${size} MiB, ${await used()} MiB after ${begin}`,
    )
    // From a user namespace of one's own, and over a file system laid over one's own.
    await tidied('/root/ours*')
    await said(taker, 'mkdir -p /srv /root/from /root/lay/up /root/lay/work /root/lay/all')
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
      for (let call = 0; call < 5; call++) await said(neighbour, 'free > /dev/null; grep -c / /proc/mounts')
      await enough(reading)
    })

    /** Asks without end, and adds a byte to the file for each answer. */
    const asking = (file: string): string =>
      `open(my $a, ">>", "${file}") or die; my ($d, $s) = ("/dev/root\\0", "\\0" x 72); while (1) { syscall(179, ${GETQUOTA} << 8, $d, 1000, $s); syswrite($a, ".") }`
    test('a VPS that calls without end, and whose callers die in the middle, gets one answer for each of its neighbour’s', async () => {
      const [CALLERS, ANSWERS] = [8, 400]
      // Each exec has a listener of its own.
      const calls = (lives: number): string =>
        `mkdir -p /tmp; LC_ALL=C perl -e 'until (-e "/tmp/enough") { if (my $p = fork) { select undef, undef, undef, ${lives}; kill 9, $p; wait } else { ${asking('/tmp/answers')} } }'`
      const answersOf = async (name: string): Promise<() => number> => {
        const file = join((await areaOf(name)).upper, 'tmp/answers')
        return () => statSync(file, { throwIfNoEntry: false })?.size ?? 0
      }
      const [many, few] = [await answersOf(vps), await answersOf(neighbour)]
      const flood = Array.from({ length: CALLERS }, () => sh(vps, calls(0.5)))
      await until('it floods', () => many() > 100)
      const asked = sh(neighbour, calls(5))
      await until('the neighbour is answered', () => few() > 0)
      const [from, before] = [few(), many()]
      await until('it is answered again and again', () => few() >= from + ANSWERS, 60)
      const [answers, others] = [few() - from, many() - before]
      for (const name of [vps, neighbour]) await said(name, 'touch /tmp/enough')
      await Promise.all([...flood, asked])
      for (const name of [vps, neighbour]) await said(name, 'rm /tmp/enough /tmp/answers')
      // One process has to come back for the next, and there are always some of the others: a little less than one for one.
      assert.ok(others < (answers * CALLERS) / 3, `${answers} answers beside ${others} for ${CALLERS} callers`)
      assert.match(await said(vps, 'repquota -uv /'), /alice/)
    })

    test('limits of many switched off and on without end hold nobody up, and are right in the end', async () => {
      const [MANY, FIRST] = [600, 3000]
      const switcher = await node.running('switcher', ['--template', 'micro', '--quota-ugid', `${MANY}`])
      await bringTools(node, switcher, ['perl'])
      const [ON, OFF] = [0x800002, 0x800003]
      const perl = (script: string): string => `LC_ALL=C perl -e 'my $d = "/dev/root\\0"; ${script}'`
      const set = `for my $id (${FIRST} .. ${FIRST + MANY - 1}) { my $s = pack("Q8L2", 1024, 0, 0, 0, 0, 0, 0, 0, 1, 0); syscall(179, ${SETQUOTA} << 8, $d, $id, $s) and die $! }`
      await said(switcher, perl(set))
      const { base } = await areaOf(switcher)
      using quota = realQuota(node.instance.volume)
      const limited = (): number =>
        Array.from({ length: MANY }, (_, index) => quota.account('user', base + FIRST + index)).filter(
          ({ limits }) => limits.bytesHard === 2 ** 20,
        ).length
      assert.equal(limited(), MANY)
      const once = (command: number): string => `syscall(179, ${command} << 8, $d, 4, 0) and die $!;`
      const switching = sh(switcher, perl(`until (-e "/tmp/enough") { ${once(OFF)} ${once(ON)} }`))
      await said(neighbour, 'for i in 1 2 3 4 5 6 7 8; do free > /dev/null; done')
      await said(switcher, 'mkdir -p /tmp; touch /tmp/enough')
      await switching
      await until('all hold', () => limited() === MANY, 60)
      await said(switcher, perl(once(OFF)))
      await until('none holds', () => limited() === 0, 60)
      assert.match(await node.ok('quota', 'list', switcher), new RegExp(`^ *user +${FIRST + MANY - 1} .*1M`, 'm'))
      assert.doesNotMatch((await node.insula(['doctor'])).stdout, /vps switcher/)
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
        ${stored} $seen{$soft > $hard || $hard != 1024 && $hard != 2048 ? "wrong $hard $soft" : "stored $hard"} = 1`
      const seen = await said(vps, shared('syscall(18, $fd, $s[$i % 2], 72, 0)', set))
      // Both were read, so it did change. A mixture with a soft limit above the hard one is refused, and never what is kept.
      assert.match(seen, /^(errno 22 )?set stored 1024 stored 2048\n$/)
      await said(vps, 'setquota -u 4001 0 0 0 0 /')
    })

    test('memory that goes away in the middle is EFAULT, and holds nobody up', async () => {
      const before = listeners()
      const away = 'truncate($m, $i % 2 ? 4096 : 0); syscall(18, $fd, $s[0], 72, 0) if $i % 2;'
      const both = `for my $call (${SETQUOTA}, ${GETQUOTA}) { my $r = syscall(179, $call << 8, $d, 4001, $at); $seen{$r < 0 ? "errno " . ($! + 0) : "done"} = 1 }`
      const seen = await said(vps, shared(away, both))
      // EINVAL: what an answer left there says of more than can be set.
      assert.match(seen, /^(done )?errno 14( errno 22)?\n$/)
      assert.deepEqual(listeners(), before)
      await said(vps, 'setquota -u 4001 0 0 0 0 /')
    })

    test('who serves can be killed at any time: calls wait, the table of mounts is there, limits hold', async () => {
      // In the background, since what exec runs ends with the keeper.
      const loop = `while ${GOES_ON}; do repquota -u / > /dev/null 2>&1 || exit 8; grep -q usrquota /proc/mounts || exit 9; echo x >> /tmp/rounds; done`
      await said(vps, `rm -f /tmp/result /tmp/rounds; ( (${loop}); echo $? > /tmp/result) > /dev/null 2>&1 &`)
      /** -1: the keeper is not there to ask. */
      const rounds = async (): Promise<number> => {
        const { code, stdout } = await sh(vps, 'cat /tmp/rounds 2> /dev/null | wc -l')
        return code === 0 ? Number(stdout) : -1
      }
      for (let kill = 0; kill < 3; kill++) {
        const before = listeners()
        for (const pid of before) process.kill(pid, 'SIGKILL')
        await until('others serve', () => listeners().length === 2 && !listeners().some((pid) => before.includes(pid)))
      }
      await node.killAndAwait('keeper')
      await node.killAndAwait('keeper')
      let after = -1
      await until('the keeper answers', async () => (after = await rounds()) >= 0)
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
} else {
  test('on a volume without quota nobody changes the account of what he has', async () => {
    const vps = await node.running('cheat', ['--template', 'micro'])
    await bringTools(node, vps, ['chattr'])
    const { base, upper } = await areaOf(vps)
    await said(
      vps,
      'mkdir -p /root/own; for p in 0 12345; do chattr -p $p /root/own && exit 9; done; chattr -P /root/own && exit 9; true',
    )
    using quota = realQuota(node.instance.volume)
    const fd = openSync(join(upper, 'root/own'), 'r')
    assert.deepEqual(quota.project(fd), { id: base / 65_536, passedOn: true })
    closeSync(fd)
  })
}
