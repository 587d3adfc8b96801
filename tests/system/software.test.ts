import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { testNode, until } from './support/node.ts'

const node = await testNode(['debian-12', 'debian-13'])

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

for (const release of ['debian-12', 'debian-13']) {
  test(`${release}: apache2, openssh-server and cron install unmodified, start by their own units, and answer from outside`, async () => {
    const name = await node.running(release, ['--template', release, '--ip', 'auto'])
    const [address = ''] = (await node.show(name)).addresses
    const install =
      'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends apache2 openssh-server cron'
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
    // They come up again by themselves, and cron runs what its table says.
    await node.ok('exec', name, '--', 'sh', '-c', 'echo "* * * * * root date > /run/cron-ran" > /etc/cron.d/test')
    await node.ok('restart', name)
    await until('apache answers after a restart', async () => {
      const answer = await ask(address, 80, `GET / HTTP/1.0\r\nHost: ${address}\r\n\r\n`).catch(() => '')
      return answer.startsWith('HTTP/1.1 200')
    })
    assert.equal(await node.inside(name, 'systemctl', '--failed', '--plain', '--no-legend'), '')
    assert.equal(await node.inside(name, 'dpkg', '--audit'), '')
    await until('cron has run', async () => (await node.insula(['exec', name, 'test', '-e', '/run/cron-ran'])).code === 0, 90)
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
