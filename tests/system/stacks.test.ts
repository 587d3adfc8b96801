/** An application is installed once, by the system's own means, and shown to many as a layer. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { realProcessRunner } from '@insula/kernel'
import { collectStacks, inMaintenance, type Install, ontoStack, stackName, withStack } from '@insula/node/daemon'
import { createVps, runIn, start, stop as halt } from './support/own-vps.ts'
import { ownDaemon } from './support/own-daemon.ts'

const node = await ownDaemon('teststacks')
after(() => node[Symbol.asyncDispose]())
const { means } = node
const template = await means.templates.build('micro', {
  mirror: undefined,
  signal: new AbortController().signal,
  onProgress: () => undefined,
})

const logged: string[] = []
const work = { signal: new AbortController().signal, log: (text: string) => void logged.push(text) }
const LINES = `set -e
test "$(cat /proc/1/comm)" = sh
test "$(ls /sys/class/net | tr '\\n' ' ')" = 'lo '
mkdir -p /opt/app/bin /opt/app/data
i=0; while [ $i -lt 20 ]; do (echo $i; cat /bin/busybox) > /opt/app/bin/$i; i=$((i+1)); done
chmod 4755 /opt/app/bin/1; chown 33:33 /opt/app/data; ln /opt/app/bin/2 /opt/app/bin/two; mv /opt/app/bin /opt/app/sbin
echo "$APP" >> /etc/installed
rm -f /etc/motd`
let installs = 0
const install: Install = async (inside, apps) => {
  installs++
  for (const app of apps) {
    const { code, tail } = await inside.run(['sh', '-c', LINES], { env: { APP: app } })
    assert.equal(code, 0, tail.join('\n'))
  }
  return {}
}

async function put(id: number, apps: readonly string[]): Promise<'layer' | 'packages'> {
  if ((await ontoStack(means, id, apps, install, work)) !== null) return 'layer'
  await inMaintenance(means, id, work.signal, (inside) => install(inside, apps))
  return 'packages'
}

test('one installation serves all stopped VPSs, and each boots with it', async () => {
  const ids = await Promise.all(['one', 'two', 'three'].map((name) => createVps(means, name, template.ref)))
  const own = async (id: number): Promise<number> => (await means.vzfs.areas.usage(id)).bytes
  const before = await Promise.all(ids.map(own))
  const how = await Promise.all(ids.map((id) => means.tasks.exclusively(id, () => put(id, ['app@1']))))
  assert.deepEqual([how, installs], [['layer', 'layer', 'layer'], 1], logged.join('\n'))
  for (const [index, id] of ids.entries()) assert.ok((await own(id)) - (before[index] ?? 0) < 200_000)
  assert.equal(means.inventory.all().length, 3)
  const [one = 0, two = 0, three = 0] = ids
  await start(means, one)
  const seen = await runIn(
    means,
    one,
    'cat /etc/installed; stat -c "%a %u %h" /opt/app/sbin/1 /opt/app/data /opt/app/sbin/two; test ! -e /usr/sbin/policy-rc.d',
  )
  assert.match(seen, /^app@1\n4755 0 1\n755 33 \d+\n644 0 2\n/)
  await halt(means, one)

  // A tenant who has changed what the next version brings keeps it, and gets that version by its own means.
  await start(means, two)
  await runIn(means, two, 'echo mine >> /etc/installed; rm -r /opt/app/sbin')
  await halt(means, two)
  assert.equal(await means.tasks.exclusively(two, () => put(two, ['app@2'])), 'packages')
  assert.equal(await means.tasks.exclusively(three, () => put(three, ['app@2'])), 'layer')
  assert.match(logged.join('\n'), /\/etc\/installed has been changed here/)
  await start(means, two)
  assert.equal(await runIn(means, two, 'cat /etc/installed'), 'app@1\nmine\napp@2\n')
  await halt(means, two)
  assert.deepEqual((await means.vzfs.examine({ contents: true })).damages, [])

  assert.equal(await means.tasks.exclusively(three, () => put(three, [])), 'layer')
  assert.deepEqual(
    (await collectStacks(means)).map(({ name }) => name),
    [stackName({ template, apps: ['app@2'] })],
  )
})

test('a failed and a cut off installation leave nothing', async () => {
  const vpss = means.inventory.all().length
  await assert.rejects(
    withStack(
      means,
      { template, apps: ['bad@1'] },
      async (inside) => {
        const { code } = await inside.run(['sh', '-c', 'echo half > /opt/half; exit 3'])
        assert.equal(code, 0)
        return {}
      },
      work,
      async () => null,
    ),
  )
  const begun = Promise.withResolvers<void>()
  const stop = new AbortController()
  const cut = withStack(
    means,
    { template, apps: ['slow@1'] },
    async (inside) => {
      begun.resolve()
      await inside.run(['sleep', '1000'])
      return {}
    },
    { ...work, signal: stop.signal },
    async () => null,
  )
  await begun.promise
  stop.abort(new Error('no longer wanted'))
  await assert.rejects(cut, /no longer wanted/)
  assert.equal(means.inventory.all().length, vpss)
  assert.deepEqual(
    (await means.keeper.list()).map(({ id }) => id),
    [],
  )
  assert.equal((await means.vzfs.areas.list()).length, vpss)
})

const MIB = 1 << 20

test('a volume that becomes full while one is made: it says so, nothing is left, the VPS is as it was and gets it later', async (t) => {
  const place = mkdtempSync('/dev/shm/insula-stacks-')
  const runner = realProcessRunner()
  const mount = (options: string) => runner.run(['mount', '-t', 'tmpfs', '-o', options, 'tmpfs', place])
  await mount('size=200m')
  t.after(async () => {
    await runner.run(['umount', place])
    rmSync(place, { recursive: true })
  })
  const volume = join(place, 'volume')
  mkdirSync(volume)
  await using full = await ownDaemon('teststackfull', undefined, volume)
  const { means: own } = full
  const quiet = { mirror: undefined, signal: work.signal, onProgress: () => undefined }
  const { ref } = await own.templates.build('micro', quiet)
  const id = await createVps(own, 'kept', ref)
  await start(own, id)
  await runIn(own, id, 'echo mine > /etc/mine')
  await halt(own, id)
  const state = async () => {
    await own.vzfs.idle()
    return {
      record: own.inventory.all(),
      layers: (await own.vzfs.layers.list()).map(({ name }) => name),
      areas: (await own.vzfs.areas.list()).map((area) => area.id),
      scratch: ['tmp', 'trash'].map((part) => readdirSync(join(own.vzfs.path, part))),
      // A pool of directories that were made for contents is no loss.
      free: Math.round(statfsSync(place).bfree / 256),
    }
  }
  const before = await state()
  const install: Install = async (inside) => {
    const { code, tail } = await inside.run(['dd', 'if=/dev/urandom', 'of=/opt.bin', 'bs=1M', 'count=12'])
    if (code !== 0) throw new Error(tail.join(' '))
    return {}
  }
  const get = () => own.tasks.exclusively(id, () => ontoStack(own, id, ['big@1'], install, work))
  const room = (mib: number) => {
    const { blocks, bfree } = statfsSync(place)
    return mount(`remount,size=${(blocks - bfree) * 4 + mib * 1024}k`)
  }
  // For what is installed, then for the layer of it.
  for (const [mib, why] of [
    [8, /No space left on device/],
    [16, /^cannot make layer stack-\S+ of area \d+: the volume is full; nothing of it is left$/],
  ] as const) {
    await room(mib)
    await assert.rejects(get(), { message: why })
    await mount('remount,size=200m')
    assert.deepEqual(await state(), before)
  }
  assert.ok(statfsSync(place).bfree * 4096 > 100 * MIB)
  assert.ok((await get()) !== null)
  await start(own, id)
  assert.equal(await runIn(own, id, 'cat /etc/mine; stat -c %s /opt.bin'), `mine\n${12 * MIB}\n`)
  await halt(own, id)
})
