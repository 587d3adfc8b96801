/** What insula-listener answers in the kernel's place, as unmodified software sees it, and what it stands when somebody wants to hold it up. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Answer, testNode, until } from './support/node.ts'

const node = await testNode(['micro', 'debian-12'])
const vps = await node.running('listened', ['--template', 'micro', '--ip', 'auto', '--memory', '256M'])
const flooder = await node.running('flooder', ['--template', 'debian-12', '--ip', 'auto', '--memory', '512M'])

const sh = (script: string, user?: string): Promise<Answer> =>
  node.exec(vps, ['sh', '-c', script], user === undefined ? {} : { user })
const out = (script: string): Promise<string> => node.inside(vps, 'sh', '-c', script)

const [ENOEXEC, ENOSYS] = [8, 38]

/** Not every kernel is built or started with IA32_EMULATION. */
const NO_32 = runs32() ? false : 'this kernel runs no programs of 32 bits'

/** The one among the keeper's children; 0 between two of them. */
function listenerPid(): number {
  try {
    const keeper = node.pidOf('keeper')
    const children = readFileSync(`/proc/${keeper}/task/${keeper}/children`, 'utf8').split(' ').filter(Boolean)
    return Number(children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('insula-listener')) ?? 0)
  } catch {
    return 0
  }
}

const kib = (text: string, name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1])

test('free of BusyBox and uptime show the VPS, as its /proc does, and a changed limit at once', async () => {
  const memory = /^Mem:\s+(\d+)\s+(\d+)\s+(\d+)/m
  const [, total, , free] = memory.exec(await out('free')) ?? []
  const meminfo = await out('cat /proc/meminfo')
  assert.equal(Number(total), 256 * 1024)
  assert.equal(Number(total), kib(meminfo, 'MemTotal'))
  assert.ok(Math.abs(Number(free) - kib(meminfo, 'MemFree')) < 4096, `${free} beside ${meminfo}`)
  await node.ok('set', vps, '--memory', '128M')
  assert.equal(memory.exec(await out('free'))?.[1], `${128 * 1024}`)
  await node.ok('set', vps, '--memory', '256M')
})

test('uptime counts from the start of the VPS', async () => {
  const script = `my $b = "\\0" x 112; syscall(99, $b); print unpack("q", $b), " "; open F, "/proc/uptime"; print int((split " ", <F>)[0])`
  const [ours = 0, lxcfs = 0] = (await node.inside(flooder, 'perl', '-e', script)).split(' ').map(Number)
  assert.ok(Math.abs(ours - lxcfs) <= 1, `${ours} beside ${lxcfs}`)
})

test('the load is that of the VPS alone', async () => {
  const loads = `my $b = "\\0" x 112; syscall(99, $b); print join " ", map { $_ / 65536 } unpack("x8 qqq", $b)`
  const [before = 0] = (await node.inside(flooder, 'perl', '-e', loads)).split(' ').map(Number)
  await node.inside(flooder, 'perl', '-e', 'fork; fork; my $end = time + 12; 1 while time < $end; wait; wait')
  const [one = 0, five = 0, fifteen = 0] = (await node.inside(flooder, 'perl', '-e', loads)).split(' ').map(Number)
  assert.ok(one > before * 0.8 + 0.2 && one < 5, `${one} after ${before}`)
  assert.ok(one > five && five > fifteen && fifteen > 0, `${one} ${five} ${fifteen}`)
  const idle = Number(/load average: ([\d.]+)/.exec(await out('uptime'))?.[1])
  assert.ok(idle < 0.2, `${idle} in the VPS that does nothing`)
})

test('a program of 32 bits gets the same', { skip: NO_32 }, async () => {
  await node.exec(vps, ['sh', '-c', 'cat >/root/sysinfo32 && chmod +x /root/sysinfo32'], { input: sysinfo32() })
  const words = (await out('/root/sysinfo32 | od -An -v -t u4')).split(/\s+/).map(Number)
  assert.deepEqual([words.length, words[4], words[13]], [16, 256 * 2 ** 20, 1])
})

test('a program of 32 bits makes devices too, and has no quotactl', { skip: NO_32 }, async () => {
  await node.exec(vps, ['sh', '-c', 'mkdir -p /srv/d32 && cat >/srv/d32/calls && chmod +x /srv/d32/calls'], { input: calls32() })
  assert.equal(await out('cd /srv/d32 && ./calls | od -An -v -t d4 | tr -s " "; stat -c "%t %T %a" n32'), `0 -${ENOSYS}\n1 3 600`)
})

test('a program of x32 has none of these calls', async () => {
  const x32 = `my $b = "\\0" x 112; print join " ", map { my $r = syscall(0x40000000 | $_, $b, 0, 0, $b); "$r " . ($! + 0) } 99, 133, 179, 259, 443`
  assert.equal(await node.inside(flooder, 'perl', '-e', x32), Array(5).fill(`-1 ${ENOSYS}`).join(' '))
})

test('the harmless devices can be made and used, belong to who makes them, and obey the umask', async () => {
  const devices = ['null 1 3', 'zero 1 5', 'full 1 7', 'random 1 8', 'urandom 1 9', 'tty 5 0']
  await out(
    `mkdir -p /srv/dev && cd /srv/dev && umask 027 && ${devices.map((one) => `mknod ${one.replace(' ', ' c ')}`).join(' && ')}`,
  )
  const made = await out(`cd /srv/dev && stat -c '%n %t %T %a %u %g' ${devices.map((one) => one.split(' ')[0]).join(' ')}`)
  assert.equal(made, devices.map((one) => `${one} 640 0 0`).join('\n'))
  assert.equal(
    await out(
      'cd /srv/dev; echo lost >null; head -c 3 zero | od -An -tx1; head -c 99 urandom | wc -c; echo x >full || echo full',
    ),
    [' 00 00 00', '99', 'full'].join('\n').trim(),
  )
})

test('paths are those of the caller: relative, through links of its own, and inside its root', async () => {
  await out(
    'mkdir -p /srv/jail/bin /srv/jail/a/b && cp /bin/busybox /srv/jail/bin/ && ln -s /a /srv/jail/link && ln -s /srv/jail /srv/way',
  )
  await out('cd /srv/jail/a && mknod ../relative c 1 3 && mknod /srv/way/linked c 1 3')
  await out(
    "chroot /srv/jail /bin/busybox sh -c '/bin/busybox mknod /link/b/absolute c 1 3; cd /a; /bin/busybox mknod ../../../above c 1 3'",
  )
  assert.equal(
    await out('cd /srv/jail && find . -type c | sort'),
    ['./a/b/absolute', './above', './linked', './relative'].join('\n'),
  )
})

test('what is wrong is told as by the kernel', async () => {
  for (const [arguments_, message] of [
    ['/srv/x1 c 1 1', 'Operation not permitted'],
    ['/srv/x2 c 10 229', 'Operation not permitted'],
    ['/srv/x3 b 8 0', 'Operation not permitted'],
    ['/srv/dev/null c 1 3', 'File exists'],
    ['/srv/absent/null c 1 3', 'No such file or directory'],
    ['/bin/busybox/null c 1 3', 'Not a directory'],
    // Not on the file system of the VPS: nobody could open it there.
    ['/dev/shm/null c 1 3', 'Operation not permitted'],
    ['/proc/null c 1 3', 'No such file or directory'],
  ]) {
    const { code, stderr } = await sh(`mknod ${arguments_}`)
    assert.deepEqual([code, stderr.includes(message ?? '')], [1, true], `${arguments_}: ${stderr}`)
  }
  // What the listener is not asked for.
  await out('mkfifo /srv/fifo && mknod /srv/pipe p && test -p /srv/pipe')
})

test('only root of the VPS makes devices: no user, and no root of a namespace below', async () => {
  await out('mkdir -p /srv/open && chmod 1777 /srv/open')
  const user = await sh('mknod /srv/open/null c 1 3', '1000')
  const nested = await sh('unshare -U -r mknod /srv/open/null c 1 3', '1000')
  const below = await sh('unshare -U -r mknod /srv/open/null c 1 3')
  for (const { code, stderr } of [user, nested, below]) assert.deepEqual([code, /not permitted/.test(stderr)], [1, true], stderr)
  assert.equal(await out('ls -A /srv/open'), '')
})

test('no node leads to the console of the hardware node', async () => {
  await out('mknod -m 600 /srv/dev/console c 5 1')
  assert.equal(await out("stat -c '%t %T %a' /srv/dev/console"), '5 0 600')
  const opened = await sh('echo leaked >/srv/dev/console')
  assert.notEqual(opened.code, 0)
  assert.match(opened.stderr, /No such device or address/)
  // Nor does one that a template brought, below what is mounted over it.
  for (const name of [vps, flooder]) {
    const look =
      'mkdir -p /mnt/all && mount --bind / /mnt/all && find /mnt/all -xdev -type c -not -path "/mnt/all/srv/*"; umount /mnt/all'
    assert.equal(await node.inside(name, 'sh', '-c', look), '')
  }
})

test('a VPS that calls without end does not keep its neighbour from its answers', async () => {
  const flood = `my $b = "\\0" x 112; for (1 .. 3) { fork // die } my $n = 0; my $end = time + 120;
    until (-e "/tmp/enough" or time > $end) { for (1 .. 10) { syscall(99, $b) == 0 or die $!; $n++ } } print "$n\\n"`
  await node.inside(flooder, 'rm', '-f', '/tmp/enough')
  const flooding = node.inside(flooder, 'perl', '-e', flood)
  let over = false
  void flooding.then(() => (over = true))
  for (let answered = 0; answered < 20; answered++) {
    assert.match(await out('free && mknod /srv/dev/again c 1 3 && rm /srv/dev/again'), /^Mem:\s+262144/m)
    assert.equal(over, false, `it still calls after ${answered} answers to the neighbour`)
  }
  await node.inside(flooder, 'touch', '/tmp/enough')
  const counts = (await flooding).split('\n').map(Number)
  assert.equal(counts.length, 8)
  // Many for each that the neighbour made.
  assert.ok(
    counts.every((count) => count > 100),
    counts.join(' '),
  )
})

test('a caller that is killed while it waits is forgotten, and others go on', async () => {
  const listener = listenerPid()
  process.kill(listener, 'SIGSTOP')
  try {
    await out('free >/tmp/waiting 2>&1 & echo $! >/tmp/pid')
    await out('sleep 0.2; test ! -s /tmp/waiting; kill -9 $(cat /tmp/pid)')
  } finally {
    process.kill(listener, 'SIGCONT')
  }
  assert.match(await out('free'), /^Mem:\s+262144/m)
  assert.equal(listenerPid(), listener)
})

for (const which of ['listener', 'keeper'] as const) {
  test(`calls that wait while the ${which} is killed are answered by the next`, async () => {
    const listener = listenerPid()
    process.kill(listener, 'SIGSTOP')
    await out(
      'rm -f /tmp/answer; (free >/tmp/answer 2>&1; mknod /srv/dev/waited c 1 3 && stat -c "%t %T" /srv/dev/waited >>/tmp/answer; echo done >>/tmp/answer) >/dev/null 2>&1 </dev/null &',
    )
    if (which === 'listener') process.kill(listener, 'SIGKILL')
    else await node.killAndAwait('keeper')
    await until('another listener', () => ![0, listener].includes(listenerPid()))
    await until('the end of the one before', () => !existsSync(`/proc/${listener}`))
    await until('the answer', async () => (await out('cat /tmp/answer')).endsWith('done'))
    assert.match(await out('cat /tmp/answer; rm /srv/dev/waited'), /^Mem:\s+262144[^]*^1 3\ndone$/m)
  })
}

test('no call is lost or done twice, however often the listener is killed in the middle', async () => {
  const script =
    'i=0; while [ $i -lt 400 ]; do mknod /srv/dev/many c 1 3 && rm /srv/dev/many || exit 1; i=$((i+1)); done; echo all'
  let over = false
  const working = sh(script).finally(() => (over = true))
  let kills = 0
  while (!over) {
    const pid = listenerPid()
    if (pid !== 0 && kills < 15) {
      process.kill(pid, 'SIGKILL')
      kills += 1
      await until('another listener', () => over || ![0, pid].includes(listenerPid()))
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const { stdout, stderr } = await working
  assert.equal(stdout.trim(), 'all', stderr)
  assert.ok(kills >= 3, `${kills}`)
})

test('listeners of commands do not pile up, nor those of VPSs that are gone', async () => {
  const count = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length
  await out('true')
  const counts = (): number[] => [count(node.pidOf('keeper')), count(listenerPid()), count(node.pidOf('supervisor'))]
  const brief = async (): Promise<void> => {
    await node.ok('create', 'brief', '--template', 'micro', '--ip', 'auto', '--start')
    await node.inside('brief', 'free')
    await node.ok('destroy', '-y', '--force', 'brief')
  }
  // The test before has killed many: what a keeper opens once and keeps is opened here.
  await brief()
  await until('there is one', () => listenerPid() !== 0)
  await until('it is quiet', async () => {
    if (listenerPid() === 0) return false
    const before = counts()
    await new Promise((resolve) => setTimeout(resolve, 500))
    return before.join() === counts().join()
  })
  const before = counts()
  for (let round = 0; round < 30; round++) await out('free >/dev/null')
  await brief()
  await until('all of them are gone', () => counts().every((number, index) => number <= (before[index] ?? 0)))
  assert.ok(existsSync(`/proc/${listenerPid()}`))
})

function runs32(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'insula-32-'))
  try {
    const program = join(directory, 'program')
    writeFileSync(program, sysinfo32(), { mode: 0o755 })
    // By no function of libc, which gives to sh what the kernel does not know.
    const call = 'my $p = "$ARGV[0]\\0"; my $none = pack("Q", 0); syscall(59, $p, pack("pQ", $p, 0), $none); exit $! + 0'
    const { status } = spawnSync('perl', ['-e', call, program])
    assert.ok(status === 0 || status === ENOEXEC, `${status}`)
    return status === 0
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** Calls sysinfo(2) and writes what it got to its standard output. */
function sysinfo32(): Buffer {
  return program32(
    '83ec40', // sub esp, 64
    'b874000000', // mov eax, 116
    '89e3', // mov ebx, esp
    'cd80', // int 0x80
    'ba40000000', // mov edx, 64
    '89e1', // mov ecx, esp
  )
}

/** Calls mknod("n32", S_IFCHR | 0600, 1:3) and quotactl(2), which is not served, and writes what the two returned. */
const calls32 = (): Buffer =>
  program32(
    '686e333200', // push "n32"
    'b80e000000', // mov eax, 14
    '89e3', // mov ebx, esp
    'b980210000', // mov ecx, 020600
    'ba03010000', // mov edx, 0x103
    'cd80', // int 0x80
    '89c7', // mov edi, eax
    'b883000000', // mov eax, 131
    '31db', // xor ebx, ebx
    'cd80', // int 0x80
    '50', // push eax
    '57', // push edi
    'ba08000000', // mov edx, 8
    '89e1', // mov ecx, esp
  )

/** An ELF file of i386: this, then edx bytes at ecx are written to its standard output. elf(5). */
function program32(...instructions: string[]): Buffer {
  const code = Buffer.from(
    [
      ...instructions,
      'bb01000000', // mov ebx, 1
      'b804000000', // mov eax, 4
      'cd80', // int 0x80
      '31db', // xor ebx, ebx
      'b801000000', // mov eax, 1
      'cd80', // int 0x80
    ].join(''),
    'hex',
  )
  const [base, header, program] = [0x08048000, 52, 32]
  const file = Buffer.alloc(header + program)
  Buffer.from('7f454c46010101', 'hex').copy(file)
  file.writeUInt32LE(0x0003_0002, 16)
  file.writeUInt32LE(1, 20)
  file.writeUInt32LE(base + header + program, 24)
  file.writeUInt32LE(header, 28)
  file.writeUInt16LE(header, 40)
  file.writeUInt16LE(program, 42)
  file.writeUInt16LE(1, 44)
  const size = header + program + code.length
  for (const [index, word] of [1, 0, base, base, size, size, 5, 4096].entries()) file.writeUInt32LE(word, header + 4 * index)
  return Buffer.concat([file, code])
}
