/** A database that is lost is rebuilt from private areas, with VPSs running. */

import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { describe, it } from 'node:test'
import { openWorld, type SimNode, type World } from './world.ts'

const WAIT = { query: { wait: 10 } } as const

async function lose(world: World, node: SimNode): Promise<SimNode> {
  await node.stop()
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${world.instance.database}${suffix}`, { force: true })
  return world.boot()
}

async function populated(world: World): Promise<SimNode> {
  const node = await world.boot()
  for (const [name, start] of [
    ['up', true],
    ['down', false],
    ['frozen', true],
  ] as const) {
    await node.client.vpsCreate({
      ...WAIT,
      body: { name, template: 'micro', addresses: ['auto'], start, onboot: start, bootOrder: 7 },
    })
  }
  await node.client.vpsSuspend({ params: { vps: 'frozen' }, ...WAIT })
  return node
}

describe('a lost database', () => {
  it('is rebuilt: everything as it was, nothing restarted', async () => {
    await using world = await openWorld()
    const before = await populated(world)
    const { vps: known } = await before.client.vpsList()
    const traces = world.traces()
    const node = await lose(world, before)
    assert.deepEqual((await node.client.vpsList()).vps, [])
    assert.deepEqual(world.traces(), traces, 'what runs is left alone')

    const { task } = await node.client.recover(WAIT)
    assert.deepEqual([task.state, task.result], ['done', { recovered: ['up', 'down', 'frozen'], known: 0, damaged: [] }])
    const { vps: again } = await node.client.vpsList()
    const essence = (all: typeof known) => all.map(({ usage: _usage, startedAt: _startedAt, ...rest }) => rest)
    assert.deepEqual(essence(again), essence(known))
    assert.deepEqual(world.traces(), traces)
    assert.equal((await node.client.vpsStop({ params: { vps: 'up' }, ...WAIT, body: {} })).task.state, 'done')
  })

  it('gives nothing to anybody before it is rebuilt', async () => {
    await using world = await openWorld()
    const node = await lose(world, await populated(world))
    const { status, json } = await node.send('POST', '/v1/vps', { name: 'new', template: 'micro' })
    const { error } = json as { error: { code: string; message: string; remedy: string } }
    assert.deepEqual([status, error.code], [409, 'conflict'])
    assert.match(error.message, /101, 102, 103/)
    assert.match(error.remedy, /insula recover/)
    const { findings } = await node.client.doctor()
    assert.ok(findings.some(({ subject, remedy }) => subject === 'vps 101' && remedy === 'insula recover'))
  })

  it('with a damaged record: that VPS is named and left alone, the others come back, and new ones keep clear of it', async () => {
    await using world = await openWorld()
    const before = await populated(world)
    const { base } = (await world.vzfs.areas.show(102)) ?? {}
    world.vzfs.records.set(102, '{"id":102}')
    let node = await lose(world, before)
    const { task } = await node.client.recover(WAIT)
    const result = task.result as { recovered: string[]; damaged: { vps: number; reason: string }[] }
    assert.deepEqual(result.recovered, ['up', 'frozen'])
    assert.deepEqual(
      result.damaged.map(({ vps }) => vps),
      [102],
    )
    assert.match(result.damaged[0]?.reason ?? '', /^its record cannot be read: .+$/)
    await node.stop()
    node = await world.boot()
    const created = await node.client.vpsCreate({ ...WAIT, body: { name: 'new', template: 'micro' } })
    assert.equal(created.task.state, 'done', created.task.error?.message)
    const area = await world.vzfs.areas.show(104)
    assert.ok(area && area.base !== base, 'it got the host ids of the damaged one')
    assert.ok(world.vzfs.records.has(102))
    const refused = await node.send('POST', '/v1/vps', { name: 'x', template: 'micro', id: 102 })
    assert.equal(refused.status, 409)
  })

  it('is not asked for where nothing is lost', async () => {
    await using world = await openWorld()
    const node = await populated(world)
    const { task } = await node.client.recover(WAIT)
    assert.deepEqual(task.result, { recovered: [], known: 3, damaged: [] })
  })
})
