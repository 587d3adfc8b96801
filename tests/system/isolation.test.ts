import assert from 'node:assert/strict'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { hasQuota, testNode } from './support/node.ts'

const node = await testNode(['micro', 'debian-12'])
const tenant = await node.running('tenant', ['--template', 'debian-12', '--ip', 'auto'])
const neighbour = await node.running('neighbour', ['--template', 'debian-12', '--ip', 'auto'])

/** Runs a script as root inside the tenant. */
const attempt = (script: string) => node.insula(['exec', tenant, '--', 'sh', '-c', script])
const refused = async (script: string): Promise<void> => {
  const { code, stdout } = await attempt(script)
  assert.notEqual(code, 0, `${script}: ${stdout}`)
}

test('namespaces are its own, each of them', async () => {
  const [mine, other] = [(await node.show(tenant)).pid, (await node.show(neighbour)).pid]
  for (const name of ['user', 'pid', 'mnt', 'ipc', 'uts', 'net', 'cgroup']) {
    const [inTenant, inNeighbour, here] = [mine, other, 'self'].map((pid) => readlinkSync(`/proc/${pid}/ns/${name}`))
    assert.equal(new Set([inTenant, inNeighbour, here]).size, 3, name)
  }
})

test("host ids of two VPSs do not overlap, and none is the node's", async () => {
  const ranges = await Promise.all(
    [tenant, neighbour].map(async (name) =>
      readFileSync(`/proc/${(await node.show(name)).pid}/uid_map`, 'utf8')
        .trim()
        .split(/\s+/)
        .map(Number),
    ),
  )
  for (const [inside, , size] of ranges) assert.deepEqual([inside, size], [0, 65_536])
  const [first = 0, second = 0] = ranges.map(([, base]) => base)
  assert.ok(Math.abs(first - second) >= 65_536)
  assert.ok(Math.min(first, second) >= 2 ** 28)
})

test('processes of others can neither be seen nor signalled', async () => {
  await node.ok('exec', neighbour, '--', 'sh', '-c', 'sleep 31337 >/dev/null 2>&1 &')
  assert.doesNotMatch(await node.inside(tenant, 'ps', 'ax'), /31337/)
  const target = readdirSync('/proc').find((pid) => /^\d+$/.test(pid) && commandOf(pid).includes('sleep\x0031337'))
  await refused(`kill -0 ${target}`)
})

test('files of the node and of others are out of reach', async () => {
  for (const path of ['/var/lib/insula', '/run/insula', '/proc/1/root/var/lib/insula', '/sys/fs/cgroup/insula-systest'])
    await refused(`ls ${path}`)
  await refused('mknod /tmp/sda b 254 0')
  await refused('mount -t xfs /dev/loop1 /mnt')
  await refused('mount -t overlay overlay -o lowerdir=/,upperdir=/tmp,workdir=/tmp /mnt && ls /mnt/var/lib/insula')
})

test("the node's kernel cannot be changed from inside", async () => {
  const before = readFileSync('/proc/sys/kernel/pid_max', 'utf8')
  // Since Linux 6.14 each pid namespace has its own; then this is allowed, and changes nothing here.
  await attempt('echo 999 > /proc/sys/kernel/pid_max')
  await refused('echo 1 > /proc/sys/vm/drop_caches')
  // Newer versions of crun put an empty device in the place of what is hidden, older ones something that refuses. If what is written went
  // through, nobody would see the next line.
  await attempt('echo c > /proc/sysrq-trigger')
  assert.equal((await attempt('head -c 1 /proc/kcore | wc -c')).stdout, '0\n')
  await refused('echo core > /proc/sys/kernel/core_pattern')
  await refused('date -s 2001-01-01')
  await refused('swapoff -a; swapon /dev/zero')
  await refused('dmesg')
  await refused('echo 0 > /sys/devices/system/cpu/cpu1/online')
  assert.equal(readFileSync('/proc/sys/kernel/pid_max', 'utf8'), before)
})

test('its own namespaces it may change: hostname, sysctls of its network, mounts', async () => {
  const { code, stderr } = await attempt(
    'hostname other && echo 1 > /proc/sys/net/ipv4/ip_forward && echo 7 > /proc/sys/kernel/msgmni && mount -t tmpfs tmpfs /mnt && umount /mnt && hostname tenant',
  )
  assert.equal(code, 0, stderr)
  assert.notEqual(readFileSync('/proc/sys/kernel/msgmni', 'utf8').trim(), '7')
})

test('/dev has the usual nodes only, and they belong to what they should', async () => {
  const names = (await node.inside(tenant, 'ls', '/dev')).split('\n').toSorted()
  const usual = [
    'console',
    'core',
    'fd',
    'full',
    'hugepages',
    'initctl',
    'log',
    'mqueue',
    'null',
    'ptmx',
    'pts',
    'random',
    'shm',
    'stderr',
    'stdin',
    'stdout',
    'tty',
    'urandom',
    'zero',
    // What tools for quota find / on.
    ...((await hasQuota(node)) ? ['root'] : []),
  ]
  assert.deepEqual(
    names.filter((name) => !usual.includes(name)),
    [],
  )
})

test('limits cannot be lifted from inside', async () => {
  await refused('echo max > /sys/fs/cgroup/memory.max')
  await refused('echo $$ > /sys/fs/cgroup/../cgroup.procs')
  await refused('mkdir /tmp/c && mount -t cgroup -o memory memory /tmp/c && echo -1 > /tmp/c/memory.limit_in_bytes')
})

test('system calls that reach past namespaces are refused', async () => {
  const calls = {
    kexec_load: 246,
    init_module: 175,
    finit_module: 313,
    delete_module: 176,
    open_by_handle_at: 304,
    bpf: 321,
    swapon: 167,
    settimeofday: 164,
    io_uring_setup: 425,
    userfaultfd: 323,
    acct: 163,
    iopl: 172,
  }
  for (const [name, number] of Object.entries(calls)) {
    // EPERM (1) or ENOSYS (38). perl's syscall is in every Debian.
    const { stdout } = await node.insula([
      'exec',
      tenant,
      '--',
      'perl',
      '-e',
      `print syscall(${number}, 0, 0, 0, 0, 0), " ", $!+0`,
    ])
    assert.match(stdout, /^-1 (1|38)$/, `${name}: ${stdout}`)
  }
})

test('a source address that is not its own goes nowhere', async () => {
  const [{ addresses: mine }, { addresses: theirs }] = [await node.show(tenant), await node.show(neighbour)]
  const forged = '10.119.200.200'
  await node.ok('exec', tenant, '--', 'ip', 'address', 'add', `${forged}/32`, 'dev', 'eth0')
  assert.equal((await attempt(`ping -c 1 -W 1 -I ${mine[0]} ${theirs[0]}`)).code, 0)
  await refused(`ping -c 1 -W 1 -I ${forged} ${theirs[0]}`)
  // And nothing of it arrives: the neighbour counts what comes in.
  const count = async (): Promise<number> =>
    Number(await node.inside(neighbour, 'sh', '-c', 'cat /sys/class/net/eth0/statistics/rx_packets'))
  const before = await count()
  await attempt(`ping -c 5 -i 0.2 -W 1 -I ${forged} ${theirs[0]}`)
  assert.equal(await count(), before)
})

test('what a neighbour sends to others is not heard', async () => {
  const { addresses } = await node.show(neighbour)
  const count = async (): Promise<number> => Number(await node.inside(tenant, 'cat', '/sys/class/net/eth0/statistics/rx_packets'))
  const before = await count()
  await node.ok('exec', neighbour, '--', 'ping', '-c', '5', '-i', '0.2', '169.254.0.1').catch(() => '')
  assert.ok(addresses.length > 0)
  assert.equal(await count(), before)
})

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

test("what it mounts over its own files does not make the node write to the kernel's", async () => {
  const name = await node.running('mounter')
  const files = ['/proc/sys/kernel/core_pattern', '/proc/sys/vm/swappiness', '/proc/sys/kernel/hostname']
  const before = files.map((file) => readFileSync(file, 'utf8'))
  for (const [index, target] of ['/etc/resolv.conf', '/etc/hosts', '/etc/hostname'].entries())
    await node.ok('exec', name, '--', 'mount', '--bind', files[index] ?? '', target)
  await node.ok('set', name, '--dns', '192.0.2.7', '--hostname', '7')
  assert.deepEqual(
    files.map((file) => readFileSync(file, 'utf8')),
    before,
  )
  // It goes on, and so does the node.
  assert.equal(await node.inside(name, 'echo', 'alive'), 'alive')
})

test('a lease on its files holds up nobody', async () => {
  const name = await node.running('lessor', ['--template', 'debian-12', '--ip', 'auto'])
  const lease =
    'use Fcntl; for ("/etc/passwd", "/etc/hosts") { open(my $f, "+<", $_) or die; fcntl($f, 1024, 1) or die; push @f, $f } print "held\n"; $| = 1; sleep 600'
  await node.ok('exec', name, '--', 'sh', '-c', `perl -e '${lease}' > /run/held 2>&1 & sleep 1`)
  assert.equal(await node.inside(name, 'id', '-u'), '0')
  await node.ok('set', name, '--hostname', 'renamed')
})
