/** Tenants who brought the same files share them again once they were stopped, and notice nothing. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
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
