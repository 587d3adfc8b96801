/** An application is installed once, by the system's own means, and shown to many as a layer. */

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
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
  assert.deepEqual(await collectStacks(means), [stackName({ template, apps: ['app@2'] })])
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
