/** What a daemon does about VPSs when it begins: after a boot of the machine, after its own restart, after things happened behind its back. */

import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openWorld, type SimNode, type World } from './world.ts'

/** How the kernel ends an init that called reboot(2) inside. */
const REBOOT = { signal: constants.signals.SIGHUP }
const WAIT = { query: { wait: 10 } } as const

async function create(node: SimNode, name: string, fields: Record<string, unknown> = {}): Promise<void> {
  const { task } = await node.client.vpsCreate({ ...WAIT, body: { name, template: 'micro', addresses: ['auto'], ...fields } })
  assert.equal(task.state, 'done', task.error?.message)
}
const states = async (node: SimNode): Promise<Record<string, string>> =>
  Object.fromEntries((await node.client.vpsList()).vps.map(({ name, state }) => [name, state]))

/** As the end of the machine's power: no process is left, and nothing in memory. */
async function powerOff(world: World, node: SimNode): Promise<void> {
  node.kill()
  for (const id of world.keeper.launched.keys()) await world.keeper.keep.discard(id)
  for (const id of await world.cgroups.children(world.instance.cgroup))
    await world.cgroups.remove(`${world.instance.cgroup}/${id}`)
}

async function settled(world: World, node: SimNode): Promise<void> {
  using database = new DatabaseSync(world.instance.database, { readOnly: true })
  const meta = (key: string): unknown => database.prepare('select value from meta where key = ?').get(key)?.['value']
  for (let tries = 0; tries < 500; tries += 1) {
    await sleep(10)
    // What starts with the machine starts one after the other: between two of them no task runs.
    if (meta('boot_id') !== node.bootId || meta('boot_due') !== '') continue
    if ((await node.client.taskList()).tasks.every(({ endedAt }) => endedAt !== null)) return
  }
  assert.fail('tasks do not end')
}

describe('a boot of the machine', () => {
  it('starts what is to start with it, in boot order, and nothing else', async () => {
    await using world = await openWorld()
    const before = await world.boot('first')
    await create(before, 'late', { onboot: true, bootOrder: 9 })
    await create(before, 'ran-by-hand', { start: true })
    await create(before, 'early', { onboot: true, bootOrder: 1, start: true })
    await powerOff(world, before)

    const node = await world.boot('second')
    await settled(world, node)
    assert.deepEqual(await states(node), { late: 'running', 'ran-by-hand': 'stopped', early: 'running' })
    const starts = (await node.client.taskList()).tasks.filter(({ kind }) => kind === 'vps.start').map(({ subject }) => subject)
    assert.deepEqual(starts.toReversed(), ['early', 'late'])
  })

  it('happens once: what an administrator stopped stays stopped when the daemon restarts', async () => {
    await using world = await openWorld()
    const before = await world.boot()
    await create(before, 'web', { onboot: true, start: true })
    await before.client.vpsStop({ params: { vps: 'web' }, ...WAIT, body: {} })
    await before.stop()
    const node = await world.boot()
    await settled(world, node)
    assert.deepEqual(await states(node), { web: 'stopped' })
  })

  it('that is cut off in the middle goes on with the rest', async () => {
    await using world = await openWorld()
    const before = await world.boot('first')
    for (const name of ['a', 'b', 'c']) await create(before, name, { onboot: true })
    await before.stop()
    world.inits.set('102', { endsAtOnce: { code: 1 } })
    const cut = await world.boot('second')
    // Somewhere in the start of the second.
    cut.gate.arm(12, 'before')
    await cut.gate.cut
    const node = await world.boot('second')
    await settled(world, node)
    await settled(world, node)
    assert.deepEqual(await states(node), { a: 'running', b: 'stopped', c: 'running' })
  })
})

describe('a restart of the daemon', () => {
  it('notices what ended meanwhile, how it ended, and boots again what asked for it', async () => {
    await using world = await openWorld()
    const before = await world.boot()
    for (const name of ['goes', 'reboots', 'stays']) await create(before, name, { start: true })
    await sleep(1_050)
    await before.stop()
    world.keeper.end('101', { code: 3 })
    world.keeper.end('102', REBOOT)
    const node = await world.boot()
    await sleep(20)
    await settled(world, node)
    assert.deepEqual(await states(node), { goes: 'stopped', reboots: 'running', stays: 'running' })
    const { vps } = await node.client.vpsShow({ params: { vps: 'goes' } })
    assert.equal(vps.lastExit?.code, 3)
    assert.deepEqual(world.traces(), {
      areas: ['101', '102', '103'],
      cgroups: ['102', '103'],
      links: ['102', '103'],
      inits: ['102', '103'],
      filtered: ['102', '103'],
    })
  })

  it('boots all anew that asked for it, also those that it is just looking at', async () => {
    await using world = await openWorld()
    const before = await world.boot()
    const ids = Array.from({ length: 12 }, (_, index) => `${101 + index}`)
    await Promise.all(ids.map((id) => create(before, `vps-${id}`, { start: true })))
    await sleep(1_050)
    await before.stop()
    for (const id of ids) world.keeper.end(id, REBOOT)
    const node = await world.boot()
    await sleep(100)
    await settled(world, node)
    assert.deepEqual(new Set(Object.values(await states(node))), new Set(['running']))
  })

  it('removes what carries its names and belongs to nobody, and nothing else', async () => {
    await using world = await openWorld()
    const before = await world.boot()
    await create(before, 'web', { start: true })
    await before.stop()
    const { cgroup, linkPrefix } = world.instance
    await world.cgroups.create(`${cgroup}/777`, 1_000_000)
    const { pid } = world.machine.start({ cgroup: `${cgroup}/777` })
    await world.cgroups.create('insula-other/101', 1_000_000)
    const link = { peer: 'eth0', pid, mtu: 1500, hostMac: '02:00:00:00:00:01', peerMac: '02:00:00:00:00:02' }
    await world.links.attach({ ...link, name: `${linkPrefix}.777` }, [])
    await world.boot()
    assert.deepEqual(world.traces().links, ['101'])
    assert.deepEqual(await world.cgroups.children(cgroup), ['101'])
    assert.ok(await world.cgroups.exists('insula-other/101'))
  })

  it('waits for a stop that was under way, and answers meanwhile', async () => {
    await using world = await openWorld()
    const before = await world.boot()
    await create(before, 'slow', { start: true })
    world.inits.set('101', { stubborn: true })
    await before.client.vpsStop({ params: { vps: 'slow' }, body: { timeout: 0.5 } })
    await sleep(50)
    before.kill()
    const node = await world.boot()
    assert.deepEqual(await states(node), { slow: 'stopping' })
    await settled(world, node)
    assert.deepEqual(await states(node), { slow: 'stopped' })
    const task = (await node.client.taskList()).tasks.find(({ kind }) => kind === 'vps.stop')
    assert.equal(task?.state, 'done')
  })
})
