/** The doctor names what is missing or left over, and its repair puts it right without touching what is well. */

import assert from 'node:assert/strict'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { openWorld, type SimNode } from './world.ts'

const WAIT = { query: { wait: 10 } } as const
const told = async (node: SimNode): Promise<string[]> =>
  (await node.client.doctor()).findings
    .filter(({ severity, subject }) => severity !== 'ok' && subject !== 'volume')
    .map(({ subject, message }) => `${subject}: ${message}`)

describe('the doctor', () => {
  it('finds nothing on a node that is well', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', addresses: ['auto'], start: true } })
    await node.client.vpsCreate({ ...WAIT, body: { name: 'down', template: 'micro', addresses: ['auto'] } })
    assert.deepEqual(await told(node), [])
  })

  it('notices that nobody would start insulad again', async () => {
    await using world = await openWorld({ supervisor: 'gone' })
    const { findings } = await (await world.boot()).client.doctor()
    const [found] = findings.filter(({ subject }) => subject === 'supervisor')
    assert.deepEqual([found?.severity, found?.repairable], ['error', false])
    assert.match(found?.message ?? '', /^insula-supervisor has ended/)
    assert.match(found?.remedy ?? '', /^sudo \.\/up --instance sim starts another, which adopts both/)
  })

  it("finds what a VPS lacks and puts it back, and removes what is nobody's", async () => {
    await using world = await openWorld()
    const node = await world.boot()
    for (const name of ['link', 'route', 'well'])
      await node.client.vpsCreate({ ...WAIT, body: { name, template: 'micro', addresses: ['auto'], start: true } })
    const { linkPrefix, cgroup } = world.instance
    const inits = new Map(world.keeper.launched)
    await world.links.remove(`${linkPrefix}.101`)
    await world.links.setRoutes(`${linkPrefix}.102`, [])
    await world.cgroups.create(`${cgroup}/999`, 0)
    assert.deepEqual(await told(node), [
      'vps link: its network link is missing',
      'vps route: the node has no route to its address 10.77.0.2',
      `cgroups: cgroup ${cgroup}/999 belongs to no running VPS`,
    ])

    const { task } = await node.client.doctorRepair(WAIT)
    assert.equal(task.state, 'done', task.error?.message)
    assert.deepEqual(await told(node), [])
    assert.deepEqual([...(world.links.pairs.get(`${linkPrefix}.101`)?.routes.keys() ?? [])], ['10.77.0.1/32'])
    assert.deepEqual(world.traces(), {
      areas: ['101', '102', '103'],
      cgroups: ['101', '102', '103'],
      links: ['101', '102', '103'],
      inits: ['101', '102', '103'],
      filtered: ['101', '102', '103'],
    })
    assert.ok(
      [...inits].every(([id, spec]) => world.keeper.launched.get(id) === spec),
      'something was started anew',
    )
  })

  it('says that the volume is full when it is, and what to do', async () => {
    let full = false
    await using world = await openWorld({ full: () => full })
    const node = await world.boot()
    full = true
    const { findings } = await node.client.doctor()
    assert.deepEqual(
      findings.filter(({ subject }) => subject === 'volume'),
      [
        {
          severity: 'error',
          subject: 'volume',
          message: `${world.instance.volume} is full: nothing more can be written to it`,
          remedy: 'destroy VPSs or remove templates that are not needed, or enlarge the volume (docs/vzfs.md)',
          repairable: false,
        },
      ],
    )
  })

  it('finds a copy of a record that cannot be read, and writes it anew', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    for (const name of ['cut', 'swapped', 'well']) await node.client.vpsCreate({ ...WAIT, body: { name, template: 'micro' } })
    world.vzfs.records.set(101, '{"id":')
    world.vzfs.records.set(102, world.vzfs.records.get(103) ?? '')
    const found = await told(node)
    assert.equal(found.length, 2)
    assert.match(found[0] ?? '', /^vps cut: the copy of its record in its private area is damaged: /)
    assert.match(found[1] ?? '', /^vps swapped: .* it speaks of VPS 103 /)
    await node.client.doctorRepair(WAIT)
    assert.deepEqual(await told(node), [])
    await node.stop()
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${world.instance.database}${suffix}`, { force: true })
    const { task } = await (await world.boot()).client.recover(WAIT)
    assert.deepEqual((task.result as { recovered: string[] }).recovered, ['cut', 'swapped', 'well'])
  })

  it('finds a private area that cannot be used, of a VPS that runs or not, and mends what it knows', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    for (const name of ['down', 'lost', 'well']) await node.client.vpsCreate({ ...WAIT, body: { name, template: 'micro' } })
    await node.client.vpsCreate({ ...WAIT, body: { name: 'up', template: 'micro', start: true } })
    for (const id of [101, 104]) world.vzfs.damaged.add(id)
    await world.vzfs.areas.remove(102)
    const areas = `${world.vzfs.path}/areas`
    const lost = `its private area cannot be used: ${areas}/102 is missing`
    assert.deepEqual(await told(node), [
      `vps down: its private area cannot be used: ${areas}/101/area.json is damaged`,
      `vps lost: ${lost}`,
      `vps up: its private area cannot be used: ${areas}/104/area.json is damaged`,
    ])
    const { findings } = await node.client.doctor()
    const how = findings.filter(({ subject }) => subject.startsWith('vps ')).map(({ remedy, repairable }) => [remedy, repairable])
    const repair = ['insula doctor --repair', true]
    assert.deepEqual(how, [repair, ['restore it, or give the VPS up: `insula destroy lost`', false], repair])
    await node.client.doctorRepair(WAIT)
    assert.deepEqual(await told(node), [`vps lost: ${lost}`])
    assert.equal((await node.client.vpsStart({ params: { vps: 'down' }, ...WAIT })).task.state, 'done')
  })

  it('sees that the database file is gone, or another one', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const { database } = world.instance
    const finding = /^database: .*is not the file that insulad has open/
    renameSync(database, `${database}.moved`)
    assert.match((await told(node)).join(), finding)
    writeFileSync(database, '')
    assert.match((await told(node)).join(), finding)
    renameSync(`${database}.moved`, database)
    assert.deepEqual(await told(node), [])
  })

  it('disturbs no task while it repairs', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const work = Array.from({ length: 12 }, (_, index) =>
      node.client.vpsCreate({ ...WAIT, body: { name: `vps-${index}`, template: 'micro', addresses: ['auto'], start: true } }),
    )
    const repairs = Array.from({ length: 4 }, () => node.client.doctorRepair(WAIT))
    const answers = await Promise.all([...work, ...repairs])
    assert.deepEqual(
      answers.filter(({ task }) => task.state !== 'done').map(({ task }) => task.error),
      [],
    )
    assert.equal(world.traces().inits.length, 12)
    assert.deepEqual(await told(node), [])
  })
})
