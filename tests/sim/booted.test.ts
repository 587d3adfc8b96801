/** How far the system inside a VPS is: what the API says while systemd boots, when it is done, and when it never will be. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openWorld } from './world.ts'

it('asks systemd until it is done, and which units failed', async () => {
  const says = ['', 'initializing', 'starting', 'degraded']
  await using world = await openWorld({
    inits: 'systemd',
    commands: {
      async systemctl({ argv, write }) {
        const answer = argv[1] === 'list-units' ? 'a.service loaded failed failed A\nb.mount loaded failed failed B\n' : says[0]
        if (argv[1] === 'is-system-running' && says.length > 1) says.shift()
        await write('stdout', Buffer.from(`${answer}\n`))
        return { code: 1 }
      },
    },
  })
  const node = await world.boot()
  await node.client.vpsCreate({ query: { wait: 10 }, body: { name: 'web', template: 'micro', start: true } })
  const ask = async (wait?: number) => (await node.client.vpsBoot({ params: { vps: 'web' }, query: { wait } })).boot
  assert.deepEqual(await ask(), { state: 'booting', says: null, failed: [] })
  assert.deepEqual(await ask(10), { state: 'degraded', says: 'degraded', failed: ['a.service', 'b.mount'] })
  says[0] = 'running'
  assert.deepEqual(await ask(10), { state: 'up', says: 'running', failed: [] })
})

it('of an init that tells nothing, or of a tenant who has replaced systemd, is up as soon as it runs', async () => {
  for (const inits of ['busybox', 'systemd'] as const) {
    await using world = await openWorld({ inits })
    const node = await world.boot()
    await node.client.vpsCreate({ query: { wait: 10 }, body: { name: 'tiny', template: 'micro', start: true } })
    const { boot } = await node.client.vpsBoot({ params: { vps: 'tiny' } })
    assert.deepEqual(boot, { state: 'up', says: null, failed: [] })
  }
})

it('of one that does not run, or ended while it booted, is refused', async () => {
  await using world = await openWorld({ inits: 'systemd', commands: { systemctl: async () => ({ code: 1 }) } })
  const node = await world.boot()
  await node.client.vpsCreate({ query: { wait: 10 }, body: { name: 'web', template: 'micro', start: true } })
  const answer = node.send('GET', '/v1/vps/web/boot?wait=30')
  // A later end than that is not one of its start.
  await new Promise((resolve) => setTimeout(resolve, 100))
  world.keeper.end('101', { code: 3 })
  const { status, json } = await answer
  assert.equal(status, 409)
  assert.match(JSON.stringify(json), /does not boot: it is stopped \(its init ended right after the start \(exit code 3\)\)/)
})
