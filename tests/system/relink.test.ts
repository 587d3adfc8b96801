/** Tenants who brought the same files share them again once they were stopped, and notice nothing. */

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { hasQuota, testNode, until } from './support/node.ts'

const MIB = 1024 ** 2
const node = await testNode(['micro'])

const diskOf = async (name: string): Promise<number> => ((await node.show(name))['disk'] as { bytes: number }).bytes
const sh = (name: string, line: string) => node.ok('exec', name, '--', 'sh', '-c', line)
/** The same bytes in every VPS: a program of theirs, many times. */
const BRING = `mkdir -p /opt/app/lib && i=0 && while [ $i -lt 12 ]; do (echo $i; cat /bin/busybox) > /opt/app/lib/$i; i=$((i+1)); done &&
  chmod 4750 /opt/app/lib/3 && chown 1000:1000 /opt/app/lib/4 && touch -d '2020-02-02 02:02:02' /opt/app/lib/5 &&
  mv /opt/app/lib /opt/lib && mkdir /opt/app/lib && cp /opt/lib/6 /opt/app/lib/6 && ln /opt/lib/7 /opt/lib/seven`
/** A directory that holds links is merged of two, and overlayfs tells another size and number of names of those. */
const LOOK = `cd /opt && find . | sort | while read -r f; do stat -c '%n %F %a %u %g %Y' "$f"; done &&
  find . -type f | sort | while read -r f; do stat -c '%n %s %h' "$f"; sha256sum "$f"; done`
const look = (name: string) => sh(name, LOOK)
const enforced = await hasQuota(node)

const relinksOf = async (kind: string, subject: string) => {
  const tasks = JSON.parse(await node.ok('task', 'list', '--json')) as {
    kind: string
    subject: string
    state: string
    result: unknown
  }[]
  return tasks.filter((task) => task.kind === kind && task.subject === subject && task.state === 'done')
}
const config = readFileSync(node.instance.configFile, 'utf8')
/** A daemon that has been told something else. */
const configured = async (change: Readonly<Record<string, unknown>>): Promise<void> => {
  writeFileSync(node.instance.configFile, JSON.stringify({ ...(JSON.parse(config) as object), ...change }))
  await node.killAndAwait('insulad')
}
after(() => configured({}))

describe('relink', () => {
  test('wins back what two VPSs have both, and each sees its own files as before', async () => {
    const names = ['first', 'second']
    for (const name of names) await node.running(name, ['--template', 'micro', '--disk', '60M'])
    for (const name of names) await sh(name, BRING)
    const before = await Promise.all(names.map(look))
    for (const name of names) await sh(name, 'sync')
    const used = await Promise.all(names.map(diskOf))
    for (const name of names) await node.ok('stop', name, '--force')
    const relinked = await node.ok('vzfs', 'relink', ...names)
    assert.match(relinked, /relinked first: .*\nrelinked second: /)
    const left = await Promise.all(names.map(diskOf))
    for (const [index, bytes] of left.entries())
      assert.ok(bytes < 4 * MIB && bytes < (used[index] ?? 0), `${bytes} of ${used[index]} bytes are left`)
    assert.match(await node.ok('vzfs', 'relink', 'first'), /nothing new to share .* 0 files read/)

    for (const name of names) await node.ok('start', name)
    assert.deepEqual(await Promise.all(names.map(look)), before)
    await sh('first', 'echo changed > /opt/lib/1 && rm /opt/lib/2 && mv /opt/lib /opt/moved && chmod 700 /opt/moved/3')
    assert.equal(await look('second'), before[1])
    const running = await node.ok('vzfs', 'relink', 'first')
    assert.match(running, /first runs: it is relinked when it stops or starts next/)
    const changed = await look('first')
    await node.ok('restart', 'first', '--force')
    assert.equal(await look('first'), changed)
    await node.ok('stop', 'first', '--force')
    await until('its relink is over', async () => (await node.show('first'))['relinkDue'] === false)
    await node.ok('start', 'first')
    assert.equal(await look('first'), changed)
  })

  test('takes back what a VPS may share no longer', async () => {
    const seen = await look('first')
    await node.ok('set', 'first', '--share', 'none')
    await node.ok('stop', 'first', '--force')
    await until('its relink is over', async () => (await node.show('first'))['relinkDue'] === false)
    assert.ok((await diskOf('first')) > 8 * MIB)
    await node.ok('set', 'first', '--share', 'all')
    await node.ok('start', 'first')
    assert.equal(await look('first'), seen)
  })

  test('is done before a start, and by the clock, where that is wanted', async () => {
    await configured({ relink: 'at-start' })
    const [seen, before] = [await look('first'), (await relinksOf('vps.relink', 'first')).length]
    await node.ok('restart', 'first', '--force')
    assert.ok((await diskOf('first')) < 4 * MIB)
    assert.equal(await look('first'), seen)
    assert.equal((await relinksOf('vps.relink', 'first')).length, before, 'not in the background')
    await configured({ relinkSchedule: '*/2 * * * * *' })
    await until('the clock has struck', async () => (await relinksOf('vzfs.relink', 'all')).length > 0)
  })

  test('a rebase that the end of the daemon cuts off is done by the next', async () => {
    await configured({ relink: 'off' })
    await node.ok('stop', 'first', '--force')
    const [before, seen] = [(await node.show('first'))['template'], await look('second')]
    await node.ok('template', 'build', 'micro')
    void node.insula(['vzfs', 'rebase', 'first', 'micro'])
    await until('it has begun', async () => (await node.ok('task', 'list')).includes('vps.rebase'))
    await node.killAndAwait('insulad')
    await until('it is over', async () => (await node.show('first'))['template'] !== before)
    await node.ok('start', 'first')
    assert.match(await sh('first', 'cat /opt/app/lib/6 | wc -c'), /^\d{6,}/)
    assert.equal(await look('second'), seen)
  })

  if (enforced)
    test('gives room back to a VPS that is full', async () => {
      await node.running('third', ['--template', 'micro', '--disk', '32M'])
      await sh('third', BRING)
      const fill =
        'dd if=/dev/zero of=/fill bs=64k 2>/dev/null; dd if=/dev/zero of=/fill-too bs=1k 2>/dev/null; sync; ! cp /bin/busybox /fits'
      await sh('third', fill)
      await node.ok('stop', 'third', '--force')
      await node.ok('vzfs', 'relink', 'third')
      assert.ok((await diskOf('third')) < 10 * MIB)
      await node.ok('start', 'third')
      await sh('third', 'cp /bin/busybox /fits')
    })
})
