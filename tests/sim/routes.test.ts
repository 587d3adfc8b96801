/** Addresses that the node sends elsewhere already: VPSs of another instance, or what an administrator routes by hand. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openWorld, type World } from './world.ts'

const WAIT = { query: { wait: 10 } } as const
const OTHER = 'i1234.101'
const TAKEN = '10.77.0.1'

async function routeElsewhere(world: World): Promise<void> {
  const { pid } = world.machine.start()
  const link = { name: OTHER, peer: 'eth0', pid, mtu: 1500, hostMac: '02:00:00:00:00:01', peerMac: '02:00:00:00:00:02' }
  await world.links.attach(link, [{ destination: `${TAKEN}/32`, device: OTHER }])
}
const theirs = (world: World): string[] => [...(world.links.pairs.get(OTHER)?.routes.keys() ?? [])]

it('is not given at create or set, and "auto" passes it over', async () => {
  await using world = await openWorld()
  const node = await world.boot()
  await routeElsewhere(world)
  const body = { template: 'micro', start: true }
  await assert.rejects(
    node.client.vpsCreate({ ...WAIT, body: { ...body, name: 'clash', addresses: [TAKEN] } }),
    (error: Error & { code?: string }) =>
      error.code === 'address_in_use' && /routes it to i1234\.101 already/.test(error.message),
  )
  const made = await node.client.vpsCreate({ ...WAIT, body: { ...body, name: 'web', addresses: ['auto'] } })
  assert.equal(made.task.state, 'done', JSON.stringify(made.task.error))
  const { vps } = await node.client.vpsShow({ params: { vps: 'web' } })
  assert.deepEqual(vps.addresses, ['10.77.0.2'])
  const { task } = await node.client.vpsChange({ ...WAIT, params: { vps: 'web' }, body: { addresses: [TAKEN] } })
  assert.deepEqual([task.state, task.error?.code], ['failed', 'address_in_use'])
  await node.client.vpsDestroy({ params: { vps: 'web' }, query: { wait: 10, force: true } })
  assert.deepEqual(theirs(world), [`${TAKEN}/32`])
})

it('keeps a VPS from starting that had the address before, and stays where it was', async () => {
  await using world = await openWorld()
  const node = await world.boot()
  await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', addresses: [TAKEN] } })
  await routeElsewhere(world)
  const { task } = await node.client.vpsStart({ ...WAIT, params: { vps: 'web' } })
  assert.deepEqual([task.state, task.error?.code], ['failed', 'address_in_use'])
  assert.match(task.error?.message ?? '', /cannot start VPS "web": the node routes 10\.77\.0\.1\/32 to i1234\.101 already/)
  assert.match(task.error?.remedy ?? '', /insula set VPS --ip auto/)
  assert.deepEqual(theirs(world), [`${TAKEN}/32`])
  assert.deepEqual(world.traces(), { areas: ['101'], cgroups: [], links: ['101'], inits: [], filtered: [] })
  await node.client.vpsChange({ ...WAIT, params: { vps: 'web' }, body: { addresses: ['auto'] } })
  assert.equal((await node.client.vpsStart({ ...WAIT, params: { vps: 'web' } })).task.state, 'done')
  assert.deepEqual((await node.client.vpsShow({ params: { vps: 'web' } })).vps.addresses, ['10.77.0.2'])
})
