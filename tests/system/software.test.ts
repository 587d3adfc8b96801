import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { BOOTED, testNode, until } from './support/node.ts'

const RELEASES = ['debian-12', 'debian-13']
const node = await testNode(RELEASES)
const sh = async (name: string, line: string): Promise<string> => (await node.ok('exec', name, '--', 'sh', '-c', line)).trim()

/** What a server says first, or in answer to `request`. */
function ask(host: string, port: number, request = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    let text = ''
    socket.setTimeout(5_000, () => socket.destroy(new Error('no answer within 5 s')))
    socket.on('connect', () => socket.write(request))
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      socket.end()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

for (const release of RELEASES) {
  test(`${release}: apache2, openssh-server and cron install unmodified, start by their own units, and answer from outside`, async () => {
    const name = await node.running(release, ['--template', release, '--ip', 'auto', '--disk', '2G', '--quota-ugid', '7'])
    const [address = ''] = (await node.show(name)).addresses
    const install =
      'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends apache2 openssh-server cron iptables'
    const { code, stderr } = await node.insula(['exec', name, '--', 'sh', '-c', install], { deadline: 400_000 })
    assert.equal(code, 0, stderr)
    for (const unit of ['apache2', 'ssh', 'cron']) {
      await until(
        `${unit} is active`,
        async () => (await node.insula(['exec', name, '--', 'systemctl', 'is-active', unit])).stdout.trim() === 'active',
      )
    }
    assert.match(await ask(address, 80, `GET / HTTP/1.0\r\nHost: ${address}\r\n\r\n`), /^HTTP\/1.1 200 OK/)
    assert.match(await ask(address, 22), /^SSH-2.0-OpenSSH/)
    // They come up again by themselves.
    await node.ok('exec', name, '--', 'sh', '-c', 'echo "* * * * * root date > /run/cron-ran" > /etc/cron.d/test')
    await node.ok('restart', name)
    await until('apache answers after a restart', async () => {
      const answer = await ask(address, 80, `GET / HTTP/1.0\r\nHost: ${address}\r\n\r\n`).catch(() => '')
      return answer.startsWith('HTTP/1.1 200')
    })
    assert.equal(await node.inside(name, 'systemctl', '--failed', '--plain', '--no-legend'), '')
    assert.equal(await node.inside(name, 'dpkg', '--audit'), '')
  })
}

test('su, file capabilities and setuid programs work as on hardware', async () => {
  const name = await node.running('rights', ['--template', 'debian-12', '--ip', 'auto'])
  const script = `set -e
    useradd -m alice
    su alice -c 'id -un' | grep -qx alice
    getent passwd alice | grep -q /home/alice
    su alice -c 'ping -c 1 -W 2 169.254.0.1 >/dev/null' || su alice -c 'ping -c 1 -W 2 127.0.0.1 >/dev/null'
    test "$(stat -c %a /usr/bin/su)" = 4755
    ! su alice -c 'cat /etc/shadow' 2>/dev/null
    echo fine`
  const { code, stdout, stderr } = await node.insula(['exec', name, '--', 'sh', '-c', script])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /fine/)
})

test('inside, root has its own iptables, routes and sysctls', async () => {
  const name = 'debian-12'
  const script = `set -e
    iptables -A INPUT -p tcp --dport 81 -j DROP
    iptables -t nat -A PREROUTING -p tcp --dport 82 -j REDIRECT --to-ports 80
    iptables -S INPUT | grep -q 'dport 81 -j DROP'
    ip route add 203.0.113.0/24 via 169.254.0.1 dev eth0 mtu 1300
    ip route show 203.0.113.0/24 | grep -q 'mtu 1300'
    echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter
    echo done`
  const { code, stdout, stderr } = await node.insula(['exec', name, '--', 'sh', '-c', script], { deadline: 300_000 })
  assert.equal(code, 0, stderr)
  assert.match(stdout, /done/)
})

test('a clone of Debian boots as another machine: id, host keys, addresses, name, host ids', async () => {
  const name = 'debian-12'
  await sh(name, 'echo kept > /root/file; useradd -m bob; su bob -c "echo hers > ~/file"')
  await node.ok('snapshot', 'create', name, 'installed')
  const said = await node.ok('clone', name, 'copy', '--snapshot', 'installed', '--start', ...BOOTED)
  assert.match(said, /cloned debian-12 as copy \(\d+\) and started it, 10\.119\./)
  const what = 'cat /etc/machine-id; cat /etc/ssh/ssh_host_ed25519_key.pub; hostname; cat /root/file; stat -c %U ~bob/file'
  const [mine, theirs] = [(await sh(name, what)).split('\n'), (await sh('copy', what)).split('\n')]
  assert.match(theirs[0] ?? '', /^[0-9a-f]{32}$/)
  assert.match(theirs[1] ?? '', /^ssh-ed25519 /)
  for (const index of [0, 1, 2]) assert.notEqual(theirs[index], mine[index], `line ${index}`)
  assert.deepEqual([theirs[2], ...theirs.slice(3)], ['copy', 'kept', 'bob'])
  const [one, other] = [await node.show(name), await node.show('copy')]
  assert.notDeepEqual(one.addresses, other.addresses)
  assert.deepEqual([other['limits'], other['quotaUgid']], [one['limits'], 7])
  assert.equal(await sh('copy', 'systemctl is-system-running'), 'running')
  await until(
    'its SSH server runs',
    async () => (await node.insula(['exec', 'copy', 'systemctl', 'is-active', 'ssh'])).code === 0,
  )
  const [task] = (JSON.parse(await node.ok('task', 'list', '--json')) as { id: number; kind: string }[]).filter(
    ({ kind }) => kind === 'vps.clone',
  )
  const log = await node.ok('task', 'show', `${task?.id}`)
  assert.match(log, /its machine id is emptied/)
  assert.match(log, /SSH host keys are removed, and made anew when its SSH server starts/)
  await sh('copy', 'echo changed > /root/file')
  assert.equal(await sh(name, 'cat /root/file'), 'kept')
})

test('cron runs what its table says', async () => {
  for (const name of RELEASES)
    await until('it has run', async () => (await node.insula(['exec', name, 'test', '-e', '/run/cron-ran'])).code === 0, 90)
})
