/** Apps in VPSs whose root does not want them to succeed, or has things of his own beside them: nobody else notices, and what is his stays. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { narrowed } from './support/narrowed.ts'
import { testNode, until } from './support/node.ts'
import { ownApp } from './support/own-app.ts'

const OS = 'debian-12-minimal'
const node = await testNode([OS])
const thing = await ownApp(node, 'thing', OS)
narrowed(node, ['redis', 'nodejs', 'mariadb', 'nginx'], OS)
await thing.publish('1.0')
const running = (name: string) => node.running(name, ['--template', OS])
const sh = (vps: string, script: string, ...words: string[]) => node.inside(vps, 'sh', '-c', script, 'sh', ...words)

async function build(app: string): Promise<void> {
  const { code, stderr } = await node.insula(['template', 'build', app, '-q'], { deadline: 300_000 })
  assert.equal(code, 0, stderr)
}

async function app(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await node.insula(['app', ...args], { deadline: 400_000 })
  assert.equal(code, 0, `${stdout}\n${stderr}`)
  return stdout
}

interface ShownTask {
  readonly id: number
  readonly state: string
}
const lastTask = async (): Promise<ShownTask> =>
  (JSON.parse(await node.ok('task', 'list', '--json')) as ShownTask[])[0] ?? assert.fail('there is no task')

test('a VPS in which other programs are in the place of its package manager fails alone, or is given up', async () => {
  await build('thing')
  const [bad, good] = [await running('hostile-bad'), await running('hostile-good')]
  const replaced = async (tool: string, script: string, body: () => Promise<void>): Promise<void> => {
    await sh(bad, 'mv "$1" "$1.real" && printf \'#!/bin/sh\\n%s\\n\' "$2" > "$1" && chmod 755 "$1"', tool, script)
    await body()
    await sh(bad, 'mv "$1.real" "$1"', tool)
    await app('remove', bad, good, 'thing', '--purge')
  }
  await replaced('/usr/bin/apt-get', 'exec yes a line of a tenant', async () => {
    const { code, stdout, stderr } = await node.insula(['app', 'add', bad, good, 'thing'])
    assert.equal(code, 1)
    assert.match(stderr, /hostile-bad: .*it was killed: .*it wrote more than 16 MiB, and was killed for it/)
    assert.match(stdout, /hostile-good: thing@\S+ added/)
    assert.ok((await node.ok('task', 'show', `${(await lastTask()).id}`)).split('\n').length < 6_000)
  })
  // Read by an expression that tries each line with all that follow, it would keep the daemon busy for days.
  await replaced('/usr/bin/dpkg-query', 'yes ac | head -c 8000000', async () => {
    assert.match((await node.insula(['app', 'add', bad, good, 'thing'])).stdout, /hostile-good: thing@\S+ added/)
  })
  // It reads nothing of what it is given, and has thrown away the mark by which it is killed.
  await replaced('/usr/bin/tar', 'exec env -i sleep 1000', async () => {
    await node.ok('app', 'add', bad, good, 'thing', '--no-wait')
    const { id } = await lastTask()
    await until('the other has it', async () => JSON.stringify((await node.show(good))['apps']).includes('"ready"'))
    await node.ok('task', 'cancel', `${id}`)
    await until('it is over', async () => (await lastTask()).state === 'cancelled')
    await until('what was there in place of tar has ended', async () => (await sh(bad, 'pgrep -x sleep || true')) === '')
  })
})

test('what is the tenant\u2019s own beside an app stays when that goes', async () => {
  for (const name of ['redis', 'nodejs', 'mariadb', 'nginx']) await build(name)
  const vps = await running('hostile-own')
  const drop = '/etc/systemd/system/redis-server.service.d/own.conf'
  await sh(vps, 'mkdir -p "$(dirname "$1")" && printf "[Service]\\nNice=5\\n" > "$1"', drop)
  const password = 'a"b\\c\'d#$(id)`e'
  await app('add', vps, 'redis', '--set', `password=${password}`)
  assert.equal(await node.inside(vps, 'env', `REDISCLI_AUTH=${password}`, 'redis-cli', 'ping'), 'PONG')
  await app('remove', vps, 'redis', '--purge')
  assert.match(await node.inside(vps, 'cat', drop), /Nice=5/)

  await sh(vps, 'useradd --create-home node')
  await app('add', vps, 'nodejs')
  await app('remove', vps, 'nodejs', '--purge')
  assert.match(await node.inside(vps, 'id', 'node'), /\(node\)/)
  await sh(vps, 'userdel --remove node 2> /dev/null')
  await app('add', vps, 'nodejs')
  await app('remove', vps, 'nodejs', '--purge')
  assert.notEqual((await node.exec(vps, ['id', 'node'])).code, 0)

  await app('add', vps, 'nginx')
  await node.ok('rename', vps, 'hostile-renamed')
  await app('remove', 'hostile-renamed', 'nginx', '--purge')
  assert.equal(await sh('hostile-renamed', 'ls -d /var/www 2> /dev/null || true'), '')
  await node.ok('rename', 'hostile-renamed', vps)
  await app('add', vps, 'nginx')
  await sh(vps, 'echo "<p>and more</p>" >> /var/www/html/index.html')
  await app('remove', vps, 'nginx', '--purge')
  assert.match(await node.inside(vps, 'cat', '/var/www/html/index.html'), /and more/)

  await sh(vps, 'mkdir -p /srv/www && echo mine | tee /srv/www/file > /home/file')
  assert.match(
    (await node.insula(['app', 'add', vps, 'mariadb', '--set', 'data-dir=/srv'], { deadline: 400_000 })).stderr,
    /data-dir has to be an empty directory, or one with databases: \/srv has other files/,
  )
  await app('add', vps, 'mariadb')
  await sh(
    vps,
    'systemctl stop mariadb && mv /var/lib/mysql /srv/mysql && mkdir /var/lib/mysql && mount --bind /home /var/lib/mysql',
  )
  await app('remove', vps, 'mariadb', '--purge')
  assert.equal(await node.inside(vps, 'cat', '/srv/www/file', '/home/file'), 'mine\nmine')
  assert.equal(await sh(vps, 'umount /var/lib/mysql; dpkg --verify; dpkg --audit; apt-get check -qq'), '')
})
