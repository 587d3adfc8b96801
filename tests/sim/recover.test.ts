/** A database that is lost is rebuilt from private areas, with VPSs running. */

import assert from 'node:assert/strict'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
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

describe('a damaged database', () => {
  it('is put aside: the daemon serves, and asks for what rebuilds it', async () => {
    await using world = await openWorld()
    let node = await populated(world)
    const traces = world.traces()
    await node.stop()
    writeFileSync(world.instance.database, Buffer.alloc(40_960, 0xa5))
    node = await world.boot()
    assert.equal((await node.send('POST', '/v1/vps', { name: 'new', template: 'micro' })).status, 409)
    const { task } = await node.client.recover(WAIT)
    assert.deepEqual(task.result, { recovered: ['up', 'down', 'frozen'], known: 0, damaged: [] })
    assert.deepEqual(world.traces(), traces)
    assert.equal(readdirSync(world.instance.state).filter((name) => name.startsWith('state.db.damaged-')).length, 1)
  })

  it('with a row that says nothing: that VPS is lost, the others are there, and it comes back with its record', async () => {
    await using world = await openWorld()
    let node = await populated(world)
    await node.stop()
    const raw = new DatabaseSync(world.instance.database)
    raw.exec(`update vps set record = '{"id":102,' where id = 102`)
    raw.close()
    node = await world.boot()
    assert.deepEqual(
      (await node.client.vpsList()).vps.map(({ name }) => name),
      ['up', 'frozen'],
    )
    const { task } = await node.client.recover(WAIT)
    assert.deepEqual(task.result, { recovered: ['down'], known: 2, damaged: [] })
  })
})

describe('a lost database', () => {
  it('is rebuilt: everything as it was, nothing restarted', async () => {
    await using world = await openWorld()
    const before = await populated(world)
    const { vps: known } = await before.client.vpsList()
    const traces = world.traces()
    const node = await lose(world, before)
    assert.deepEqual((await node.client.vpsList()).vps, [])
    assert.match((await node.client.health()).problems.join(), /^3 VPSs have no record in the database; `insula recover`/)
    assert.deepEqual(world.traces(), traces, 'what runs is left alone')

    const { task } = await node.client.recover(WAIT)
    assert.deepEqual([task.state, task.result], ['done', { recovered: ['up', 'down', 'frozen'], known: 0, damaged: [] }])
    const { vps: again } = await node.client.vpsList()
    const essence = (all: typeof known) => all.map(({ usage: _usage, startedAt: _startedAt, ...rest }) => rest)
    assert.deepEqual(essence(again), essence(known))
    // Its init began before the node noted that it ran.
    for (const [at, { startedAt }] of known.entries())
      assert.ok((again[at]?.startedAt ?? '') <= (startedAt ?? ''), `${again[at]?.startedAt} ${startedAt}`)
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

  it('with a damaged record of one that runs: what it has stays its own', async () => {
    await using world = await openWorld()
    const before = await populated(world)
    const { vps } = await before.client.vpsShow({ params: { vps: 'up' } })
    world.vzfs.records.set(101, '{"id":101,')
    const node = await lose(world, before)
    await node.client.recover(WAIT)
    const [address = ''] = vps.addresses
    const refused = await node.send('POST', '/v1/vps', { name: 'thief', template: 'micro', addresses: [address] })
    const { error } = refused.json as { error: { code: string; message: string } }
    assert.deepEqual([refused.status, error.code], [409, 'address_in_use'])
    assert.match(error.message, /VPS "101" has it/)
    const { task } = await node.client.vpsCreate({
      ...WAIT,
      body: { name: 'new', template: 'micro', addresses: ['auto'], start: true },
    })
    assert.deepEqual((task.result as { addresses: string[] }).addresses, ['10.77.0.4'])
    const set = await node.client.vpsChange({ params: { vps: 'new' }, ...WAIT, body: { addresses: [address] } })
    assert.equal(set.task.error?.code, 'address_in_use')
    assert.deepEqual(world.traces().filtered, ['101', '103', '104'], 'a start puts it out of the packet filter')
    assert.deepEqual((await node.client.nodeShow()).network.addressesFree, 254 - 4)
  })

  it('with a damaged record: that VPS can be ended and removed by its number, and in no other way', async () => {
    await using world = await openWorld()
    const before = await populated(world)
    for (const id of [101, 103]) world.vzfs.records.set(id, '{"id":')
    const node = await lose(world, before)
    const early = await node.send('DELETE', '/v1/vps/101?force=true&wait=10')
    assert.match(JSON.stringify(early.json), /"conflict".*its record may be whole.*insula recover/)
    await node.client.recover(WAIT)
    const { findings } = await node.client.doctor()
    const found = findings.filter(({ subject }) => subject === 'vps 101')
    assert.deepEqual(
      found.map(({ message }) => message),
      ['it runs, and its record is damaged'],
    )
    assert.match(found[0]?.remedy ?? '', /restore .*areas\/101\/record.json .*insula destroy -f 101/)

    for (const [method, path, body] of [
      ['DELETE', '/v1/vps/101', undefined],
      ['POST', '/v1/vps/101/stop', {}],
    ] as const) {
      const refused = await node.send(method, path, body)
      assert.match(JSON.stringify(refused.json), /"conflict".*insula (destroy|stop) -f 101/)
    }
    assert.equal((await node.send('DELETE', '/v1/vps/999?force=true')).status, 404)
    const stopped = await node.client.vpsStop({ params: { vps: '101' }, ...WAIT, body: { force: true } })
    assert.equal(stopped.task.state, 'done', stopped.task.error?.message)
    assert.deepEqual(world.traces(), {
      areas: ['101', '102', '103'],
      cgroups: ['103'],
      links: ['103'],
      inits: ['103'],
      filtered: ['103'],
    })
    for (const vps of ['101', '103']) {
      const { task } = await node.client.vpsDestroy({ params: { vps }, query: { wait: 10, force: true } })
      assert.equal(task.state, 'done', task.error?.message)
    }
    assert.deepEqual(world.traces(), { areas: ['102'], cgroups: [], links: [], inits: [], filtered: [] })
    const created = await node.client.vpsCreate({
      ...WAIT,
      body: { name: 'new', id: 101, template: 'micro', addresses: ['10.77.0.1'] },
    })
    assert.equal(created.task.state, 'done', created.task.error?.message)
  })

  it('with a record that says what cannot be: it is damaged, and said why', async () => {
    await using world = await openWorld()
    const before = await populated(world)
    const change = (id: number, fields: Record<string, unknown>): void => {
      world.vzfs.records.set(id, JSON.stringify({ ...JSON.parse(world.vzfs.records.get(id) ?? ''), ...fields }))
    }
    change(101, { name: '../../x' })
    change(102, { hostname: 'a b' })
    change(103, { addresses: ['10.77.0.3; reboot'] })
    const node = await lose(world, before)
    const { task } = await node.client.recover(WAIT)
    const { recovered, damaged } = task.result as { recovered: string[]; damaged: { vps: number; reason: string }[] }
    assert.deepEqual(recovered, [])
    assert.deepEqual(
      damaged.map(({ vps, reason }) => [vps, reason.split(': ').slice(0, 2).join(': ')]),
      [
        [101, 'its record cannot be read: name'],
        [102, 'its record cannot be read: hostname'],
        [103, 'its record cannot be read: addresses.0'],
      ],
    )
    assert.ok(damaged.every(({ reason }) => !reason.includes('\n')))
    assert.deepEqual((await node.client.vpsList()).vps, [])
  })

  it('is not asked for where nothing is lost', async () => {
    await using world = await openWorld()
    const node = await populated(world)
    const { task } = await node.client.recover(WAIT)
    assert.deepEqual(task.result, { recovered: [], known: 3, damaged: [] })
  })
})
