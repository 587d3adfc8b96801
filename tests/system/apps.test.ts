/** Apps in VPSs that run, with real packages: the package manager inside stays right, and nothing is left of what is removed. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testNode, until } from './support/node.ts'

const node = await testNode(['debian-12'])
const DEBIAN = ['--template', 'debian-12', '--ip', 'auto']
const packages = (vps: string) => node.inside(vps, 'dpkg-query', '-W', '-f', '${Package} ${Version} ${Status}\n')

async function build(app: string): Promise<string> {
  const { code, stderr, stdout } = await node.insula(['template', 'build', app, '-q'], { deadline: 300_000 })
  assert.equal(code, 0, stderr)
  return stdout.trim()
}

async function app(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await node.insula(['app', ...args], { deadline: 400_000 })
  assert.equal(code, 0, `${stdout}\n${stderr}`)
  return stdout
}

async function sound(vps: string): Promise<void> {
  // The template has emptied apt's cache, directories and all.
  assert.deepEqual(
    (await node.inside(vps, 'sh', '-c', 'dpkg --verify || true'))
      .split('\n')
      .filter((line) => !/ \/var\/(?:cache|lib)\/apt\//.test(line) && line !== ''),
    [],
  )
  assert.equal(await node.inside(vps, 'dpkg', '--audit'), '')
  await node.ok('exec', vps, '--', 'apt-get', 'check', '-qq')
  assert.equal(await node.inside(vps, 'sh', '-c', 'ls -d /var/lib/insula-app 2>/dev/null || true'), '')
}

test('nginx in several VPSs at once, with parameters; it answers, survives a kill of insulad, and leaves no trace', async () => {
  const ref = await build('nginx')
  const names = await Promise.all(['app-one', 'app-two'].map((name) => node.running(name, DEBIAN)))
  const before = await packages('app-one')
  // Cut off in the middle, wherever that is: insulad goes on with it when it is there again.
  const started = await node.ok('app', 'add', ...names, 'nginx', '--set', 'port=8080', '--no-wait', '-q')
  await sleep(1_500)
  await node.killAndAwait('insulad')
  const shown = async () =>
    JSON.parse(await node.ok('task', 'show', started.trim(), '--json')) as {
      state: string
      result: { vps: { outcome: string }[] } | null
    }
  await until('the task goes on to its end', async () => (await shown()).state !== 'running', 200)
  const { state, result } = await shown()
  assert.deepEqual([state, result?.vps.map(({ outcome }) => outcome)], ['done', ['done', 'done']], JSON.stringify(await shown()))
  assert.match(await app('add', ...names, 'nginx'), /nothing to do: it has it/)
  for (const name of names) {
    const [address = ''] = (await node.show(name)).addresses
    const answer = await fetch(`http://${address}:8080/`)
    assert.match(await answer.text(), new RegExp(`nginx serves ${name}`))
    assert.deepEqual(
      ((await node.show(name))['apps'] as { ref: string; state: string }[]).map((one) => [one.ref, one.state]),
      [[ref, 'ready']],
    )
    await sound(name)
  }
  assert.equal((await node.insula(['template', 'remove', ref])).code !== 0, true)
  assert.match(await app('remove', ...names, 'nginx', '--purge'), /app-two: nginx removed/)
  assert.equal(await packages('app-one'), before)
  await sound('app-one')
  assert.equal(await node.inside('app-one', 'sh', '-c', 'ls -d /etc/nginx /var/www /usr/sbin/nginx 2>/dev/null || true'), '')
})

test('redis: a password that is made, shown once, and holds', async () => {
  await build('redis')
  const name = await node.running('app-redis', DEBIAN)
  const said = await app('add', name, 'redis')
  const password = /password is (\S+) /.exec(said)?.[1] ?? assert.fail(said)
  const ask = (...args: string[]) => node.inside(name, 'redis-cli', '--no-auth-warning', ...args)
  assert.equal(await ask('-a', password, 'ping'), 'PONG')
  assert.match(await ask('ping'), /NOAUTH/)
  assert.ok(!(await node.ok('task', 'list', '--json')).includes(password))
})
