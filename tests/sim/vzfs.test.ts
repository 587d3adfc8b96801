/** The care of the volume over the API: figures with names, tasks, what the doctor remembers, and the collection after a removal. */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { openWorld, type SimNode } from './world.ts'

const WAIT = { query: { wait: 10 } } as const
const told = async (node: SimNode): Promise<string[]> =>
  (await node.client.doctor()).findings
    .filter(({ subject, severity }) => subject === 'vzfs' && severity !== 'ok')
    .map(({ message }) => message)

it('tells what VPSs and templates take, with their names', async () => {
  await using world = await openWorld()
  const node = await world.boot()
  await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', addresses: ['auto'] } })
  const { vps, templates, volume } = await node.client.vzfsDf()
  assert.deepEqual(
    vps.map(({ id, name }) => [id, name]),
    [[101, 'web']],
  )
  assert.equal(templates.find(({ ref }) => ref.startsWith('micro@'))?.users, 1)
  assert.equal(volume.path, world.instance.volume)
  assert.deepEqual((await node.client.vzfsResidency({ query: {} })).templates, [])
  await assert.rejects(node.client.vzfsResidency({ query: { template: 'none' } }), { code: 'not_found' })
})

it('finds damage, names the VPSs that it hits, and the doctor remembers it until a check finds none', async () => {
  await using world = await openWorld()
  const node = await world.boot()
  await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', addresses: ['auto'], start: true } })
  const clean = await node.client.vzfsCheck({ ...WAIT, body: { deep: true } })
  assert.equal(clean.task.state, 'done', JSON.stringify(clean.task.error))
  assert.deepEqual(await told(node), [])

  const [layer = ''] = (await node.client.templateList()).templates.filter(({ name }) => name === 'micro').map(({ ref }) => ref)
  world.vzfs.rotten.push({ kind: 'contents', path: '/volume/pool/ab/cd', problem: 'it rots', repairable: true, layer })
  const { task } = await node.client.vzfsCheck({ ...WAIT, body: {} })
  const result = task.result as { damaged: number; hit: unknown }
  assert.deepEqual([result.damaged, result.hit], [1, [{ vps: 101, name: 'web', running: true }]])
  assert.match(
    (await told(node))[0] ?? '',
    /left something damaged on the volume: \/volume\/pool\/ab\/cd: it rots; files cannot be opened in web/,
  )
  assert.match(await node.client.metrics(), /^insula_vzfs_damaged 1$/m)
  await node.stop()
  const next = await world.boot()
  assert.equal((await told(next)).length, 1)

  const repaired = (await next.client.vzfsCheck({ ...WAIT, body: { repair: true } })).task.result as { repaired: unknown[] }
  assert.equal(repaired.repaired.length, 1)
  assert.deepEqual(await told(next), [])
})

it('collects after a template is removed, unless its administrator does not want it', async () => {
  const gcs = async (node: SimNode): Promise<number> =>
    (await node.client.taskList({ query: {} })).tasks.filter(({ kind }) => kind === 'vzfs.gc').length
  for (const wanted of [true, false]) {
    await using world = await openWorld(wanted ? {} : { config: { collectAfterRemoval: false } })
    const node = await world.boot()
    const removed = await node.client.templateRemove({ ...WAIT, params: { template: 'micro' } })
    assert.equal(removed.task.state, 'done', JSON.stringify(removed.task.error))
    assert.equal(await gcs(node), wanted ? 1 : 0)
  }
})
