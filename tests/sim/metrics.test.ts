/** What a monitoring system reads. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openWorld } from './world.ts'

it('is told of the VPSs as they are, in the format that it asks for', async () => {
  await using world = await openWorld()
  const node = await world.boot()
  const empty = await node.client.metrics()
  assert.match(empty, /^insula_node_vps\{state="running"\} 0$/m)
  for (const name of ['web', 'off'])
    await node.client.vpsCreate({
      query: { wait: 10 },
      body: { name, template: 'micro', addresses: ['auto'], limits: { memory: 2 ** 29 }, start: name === 'web' },
    })
  world.links.carry(`${world.instance.linkPrefix}.101`, 5, 6)
  await node.client.vpsShow({ params: { vps: 'web' } })
  const { status, type, json } = await node.send('GET', '/v1/metrics')
  assert.deepEqual([status, type], [200, 'application/openmetrics-text; version=1.0.0; charset=utf-8'])
  const lines = String(json).split('\n')
  for (const line of [
    'insula_node_vps{state="running"} 1',
    'insula_node_vps{state="stopped"} 1',
    'insula_vps_state{vps="101",name="web",state="running"} 1',
    'insula_vps_state{vps="102",name="off",state="running"} 0',
    'insula_vps_memory_limit_bytes{vps="101",name="web"} 536870912',
    'insula_vps_disk_enforced{vps="101",name="web"} 1',
    // The node's end receives what the VPS sends.
    'insula_vps_network_transmit_bytes_total{vps="101",name="web"} 5',
    'insula_vps_network_receive_bytes_total{vps="101",name="web"} 6',
  ])
    assert.ok(lines.includes(line), `${line} is not in\n${String(json)}`)
  assert.ok(lines.some((line) => line.startsWith('insula_vps_memory_bytes{vps="101"')))
  assert.ok(!lines.some((line) => line.startsWith('insula_vps_memory_bytes{vps="102"')))
  assert.deepEqual(lines.slice(-2), ['# EOF', ''])
})
