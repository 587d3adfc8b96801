import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { testNode, until } from './support/node.ts'

const node = await testNode(['micro'])
const micro = (name: string) => node.running(name)
const sh = async (name: string, line: string): Promise<string> => (await node.ok('exec', name, '--', 'sh', '-c', line)).trim()
const names = async (name: string): Promise<string[]> =>
  (await node.ok('snapshot', 'list', name, '-q')).split('\n').filter((line) => line !== '')

test('a snapshot of a VPS that writes all the time is of one moment', async () => {
  const name = await micro('writer')
  // Each number is in b only after it is in a: no moment has b before a, nor two ahead of it.
  const write = 'i=0; while :; do i=$((i+1)); echo $i > /root/a; echo $i > /root/b; done'
  await node.ok(
    'exec',
    name,
    '--',
    'sh',
    '-c',
    `mkdir /root/many; for i in $(seq 2000); do echo $i > /root/many/$i; done; (${write}) >/dev/null 2>&1 &`,
  )
  const { pid } = await node.show(name)
  for (let round = 0; round < 5; round++) {
    await node.ok('snapshot', 'create', name, `round-${round}`)
    const upper = join(node.instance.volume, 'areas', `${(await node.show(name)).id}`, `snapshots/round-${round}/upper/root`)
    const [a, b] = ['a', 'b'].map((file) => readFileSync(join(upper, file), 'utf8').trim()) as [string, string]
    // A file that was just opened to be written anew is empty at that moment.
    if (a !== '' && b !== '') assert.ok(a === b || Number(a) === Number(b) + 1, `${a} and ${b}`)
    else assert.ok(a !== '' || b !== '', 'both are empty')
  }
  assert.equal((await node.show(name)).pid, pid)
  const before = await sh(name, 'cat /root/b')
  await until('it goes on', async () => (await sh(name, 'cat /root/b')) !== before)
  const [task] = JSON.parse(await node.ok('task', 'list', '--vps', name, '--json')) as { id: number }[]
  assert.match(await node.ok('task', 'show', `${task?.id}`), /it stood still for \d+ ms/)
})

test('a rollback brings files and deletions back, and itself can be rolled back', async () => {
  const name = await micro('rolled')
  await sh(name, 'echo first > /root/file; rm /etc/passwd; ln /root/file /root/link; mkdir /root/d; chmod 700 /root/d')
  await node.ok('snapshot', 'create', name, 'first', '--comment', 'as it was')
  await sh(name, 'echo second > /root/file; echo new > /root/new; rm -r /root/d')
  assert.equal((await node.insula(['snapshot', 'rollback', name, 'first'])).code, 4, 'not while it runs')
  await node.ok('stop', name)
  const before = (await node.ok('snapshot', 'rollback', name, 'first', '-q')).trim()
  await node.ok('start', name)
  assert.equal(
    await sh(name, 'cat /root/file; ls /root; test -e /etc/passwd || echo none; stat -c %h /root/file'),
    'first\nd\nfile\nlink\nnone\n2',
  )
  await node.ok('stop', name)
  await node.ok('snapshot', 'rollback', name, before)
  await node.ok('start', name)
  assert.equal(await sh(name, 'cat /root/file /root/new'), 'second\nnew')
  const list = await node.ok('snapshot', 'list', name)
  assert.match(list, /as it was/)
  assert.match(list, /before the rollback to first/)
  assert.equal((await names(name)).length, 3)
  for (const one of await names(name)) await node.ok('snapshot', 'remove', name, one)
  assert.deepEqual(await names(name), [])
})

test('a daemon that is killed while a VPS stands still: it runs on, and snapshots can be made', async () => {
  const name = await micro('interrupted')
  await sh(name, 'mkdir /root/many; for i in $(seq 6000); do echo $i > /root/many/$i; done')
  const { pid } = await node.show(name)
  for (let round = 0; round < 3; round++) {
    await node.ok('snapshot', 'create', name, `cut-${round}`, '--no-wait')
    await new Promise((resolve) => setTimeout(resolve, 150 * round))
    await node.killAndAwait('insulad')
    await until('it runs', async () => (await node.show(name)).state === 'running')
    assert.equal(await sh(name, 'cat /root/many/17'), '17')
  }
  assert.equal((await node.show(name)).pid, pid)
  await node.ok('snapshot', 'create', name, 'whole')
  assert.ok((await names(name)).includes('whole'))
  assert.doesNotMatch(await node.ok('doctor'), /error/i)
})

test('a clone of what its tenant arranged to lead out changes nothing outside', async () => {
  const name = await micro('hostile')
  const host = '/etc/machine-id'
  const before = readFileSync(host, 'utf8')
  await sh(
    name,
    `mkdir -p /etc/ssh /var/lib/dbus /etc/systemd; ln -sf ../../../../../../../../etc/machine-id /etc/machine-id;
     ln -s / /etc/systemd/system; ln -sf /proc/1/root/etc/machine-id /var/lib/dbus/machine-id;
     for kind in rsa ecdsa ed25519; do ln -s /../../etc/shadow /etc/ssh/ssh_host_\${kind}_key; done; mkfifo /etc/ssh/ssh_host_dsa_key`,
  )
  await node.ok('stop', name)
  await node.ok('clone', name, 'tame', '--start')
  assert.equal(readFileSync(host, 'utf8'), before)
  assert.equal(await sh('tame', 'ls /etc/ssh | wc -l'), '0')
  assert.equal((await node.show('tame')).state, 'running')
})
