/** Snapshots, rollbacks, clones and their schedule, as the daemon does them over volumes that are not there. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { snapshotClock } from '@insula/node/daemon'
import type { Snapshot } from '@insula/contract'
import { openWorld, type SimNode, type World, type WorldOptions } from './world.ts'

const WAIT = { query: { wait: 20 } } as const
const web = { params: { vps: 'web' } } as const
const of = (snapshot: string) => ({ params: { vps: 'web', snapshot } })
const code = (expected: string) => (error: unknown) => (error as { code?: unknown }).code === expected
const [MICRO, OTHER] = ['micro@2026-01-01.1', 'other@2026-01-01.1']
const GROUP = 'insula-sim/101'

async function withWeb(options: WorldOptions = {}, start = false): Promise<{ world: World; node: SimNode }> {
  const world = await openWorld(options)
  const node = await world.boot()
  const body = { name: 'web', template: 'micro', addresses: ['auto' as const], start }
  const { task } = await node.client.vpsCreate({ ...WAIT, body })
  assert.equal(task.state, 'done', task.error?.message)
  world.vzfs.words.set(101, 'first')
  return { world, node }
}
const create = async (node: SimNode, body: object = {}) => (await node.client.snapshotCreate({ ...web, ...WAIT, body })).task
const names = async (node: SimNode): Promise<string[]> => (await node.client.snapshotList(web)).snapshots.map(({ name }) => name)

describe('snapshots', () => {
  it('are made, listed, rolled back to and removed', async () => {
    const { world, node } = await withWeb()
    await using _ = world
    const made = await create(node, { name: 'daily', comment: 'why', expires: 3_600 })
    assert.equal((made.result as Snapshot).template, MICRO)
    const [shown] = (await node.client.snapshotList(web)).snapshots
    assert.deepEqual([shown?.name, shown?.comment, shown?.cause], ['daily', 'why', 'asked'])
    assert.ok(Math.abs(Date.parse(shown?.expiresAt ?? '') - Date.now() - 3_600_000) < 60_000)
    await assert.rejects(create(node, { name: 'daily' }), code('conflict'))
    world.vzfs.words.set(101, 'second')
    const { task } = await node.client.snapshotRollback({ ...of('daily'), ...WAIT })
    const { before } = task.result as { before: string }
    assert.match(before, /^before-rollback-\d{8}T\d{6}-[0-9a-f]{4}$/)
    assert.equal(world.vzfs.words.get(101), 'first')
    assert.deepEqual((await names(node)).toSorted(), [before, 'daily'])
    await node.client.snapshotRollback({ ...of(before), ...WAIT })
    assert.equal(world.vzfs.words.get(101), 'second')
    assert.equal((await node.client.snapshotRemove({ ...of('daily'), ...WAIT })).task.state, 'done')
    await assert.rejects(node.client.snapshotRemove({ ...of('daily'), ...WAIT }), code('not_found'))
    await assert.rejects(node.client.snapshotRollback({ ...of('daily'), ...WAIT }), code('not_found'))
  })

  it('of a VPS that runs are made while it stands still, and it runs on whatever comes of it', async () => {
    let full = false
    const frozen: (boolean | undefined)[] = []
    const seen = (): boolean => {
      frozen.push(world.cgroups.groups.get(GROUP)?.frozen)
      return full
    }
    const { world, node } = await withWeb({ full: seen }, true)
    await using _ = world
    frozen.length = 0
    const { state: first } = await create(node)
    full = true
    const { state, error } = await create(node)
    assert.deepEqual([first, state, error?.code], ['done', 'failed', 'no_space'])
    assert.deepEqual(frozen, [true, true])
    assert.equal((await node.client.vpsShow(web)).vps.state, 'running')
    assert.equal(world.cgroups.groups.get(GROUP)?.frozen, false)
    assert.equal((await names(node)).length, 1)
    await assert.rejects(node.client.snapshotRollback({ ...of((await names(node))[0] ?? ''), ...WAIT }), code('conflict'))
  })

  it('of a VPS that runs on a volume that cannot share blocks are refused, unless it may stand still', async () => {
    const { world, node } = await withWeb({ reflink: false }, true)
    await using _ = world
    await assert.rejects(create(node), (error) => code('unsupported')(error) && /--suspend/.test(JSON.stringify(error)))
    assert.equal((await create(node, { suspend: true })).state, 'done')
    await node.client.vpsStop({ ...web, ...WAIT, body: {} })
    assert.equal((await create(node, { name: 'stopped' })).state, 'done')
  })

  it('of a suspended VPS leave it suspended', async () => {
    const { world, node } = await withWeb({}, true)
    await using _ = world
    await node.client.vpsSuspend({ ...web, ...WAIT })
    assert.equal((await create(node)).state, 'done')
    assert.equal((await node.client.vpsShow(web)).vps.state, 'suspended')
    assert.equal(await world.cgroups.frozen(GROUP), true)
  })

  it('go with their VPS, and outlive a lost database', async () => {
    const { world, node } = await withWeb()
    await using _ = world
    await create(node, { name: 'kept' })
    await node.daemon.means.inventory.remove(101)
    await node.client.recover(WAIT)
    assert.deepEqual(await names(node), ['kept'])
    await node.client.vpsDestroy({ ...web, ...WAIT })
    assert.equal(world.vzfs.kept.size, 0)
  })

  it('keep the layers that they need: a template is not removed, and comes back with a rollback', async () => {
    const { world, node } = await withWeb({ templates: ['micro', 'other'] })
    await using _ = world
    const { vzfs } = world
    await create(node, { name: 'old' })
    // As a rebase would.
    await vzfs.areas.mend({ id: 101, base: (await vzfs.areas.show(101))?.base ?? 0, layers: [OTHER] })
    const { inventory } = node.daemon.means
    await inventory.change(101, { layers: [OTHER], template: OTHER })
    await assert.rejects(
      node.client.templateRemove({ params: { template: 'micro' }, ...WAIT }),
      (error) => code('conflict')(error) && /snapshot "old" of VPS "web" needs it/.test(String(error)),
    )
    await node.client.snapshotRollback({ ...of('old'), ...WAIT })
    const { template, layers } = inventory.find('web')
    assert.deepEqual([template, layers], [MICRO, [MICRO]])
    assert.deepEqual((JSON.parse(vzfs.records.get(101) ?? '{}') as { layers: string[] }).layers, [MICRO])
  })
})

describe('clones', () => {
  it('are VPSs of their own', async () => {
    const { world, node } = await withWeb()
    await using _ = world
    await node.client.vpsChange({
      ...web,
      ...WAIT,
      body: { limits: { pids: 77 }, onboot: true, quotaUgid: 5, dns: ['192.0.2.9'] },
    })
    const { task } = await node.client.vpsClone({ ...web, ...WAIT, body: { name: 'copy' } })
    assert.equal(task.state, 'done', task.error?.message)
    const [original, copy] = [node.daemon.means.inventory.find('web'), node.daemon.means.inventory.find('copy')]
    assert.deepEqual([copy.limits, copy.dns, copy.quotaUgid, copy.hostname], [original.limits, original.dns, 5, 'copy'])
    assert.deepEqual([copy.onboot, copy.state, copy.addresses], [false, 'stopped', ['10.77.0.2']])
    assert.notEqual(copy.base, original.base)
    assert.equal(world.vzfs.words.get(copy.id), 'first')
    assert.equal(world.vzfs.quota.account('project', copy.base / 65_536).limits.bytesHard, copy.limits.disk)
    assert.equal((await node.client.vpsStart({ params: { vps: 'copy' }, ...WAIT })).task.state, 'done')
    assert.equal((await node.client.vpsStart({ ...web, ...WAIT })).task.state, 'done')
  })

  it('of a snapshot need no stop; of what runs they are refused', async () => {
    const { world, node } = await withWeb({}, true)
    await using _ = world
    await create(node, { name: 'then' })
    world.vzfs.words.set(101, 'now')
    await assert.rejects(node.client.vpsClone({ ...web, ...WAIT, body: { name: 'copy' } }), code('conflict'))
    const clone = (body: object) => node.client.vpsClone({ ...web, ...WAIT, body: { name: 'copy', ...body } })
    await assert.rejects(clone({ snapshot: 'never' }), code('not_found'))
    await assert.rejects(clone({ snapshot: 'then', addresses: ['10.77.0.1'] }), code('address_in_use'))
    await clone({ snapshot: 'then', addresses: ['10.77.0.9'], hostname: 'b.example' })
    const { addresses, hostname, id } = node.daemon.means.inventory.find('copy')
    assert.deepEqual([addresses, hostname, world.vzfs.words.get(id)], [['10.77.0.9'], 'b.example', 'first'])
    await assert.rejects(clone({ snapshot: 'then' }), code('conflict'))
  })

  it('that fail leave nothing', async () => {
    let full = false
    const { world, node } = await withWeb({ full: () => full })
    await using _ = world
    full = true
    const { task } = await node.client.vpsClone({ ...web, ...WAIT, body: { name: 'copy' } })
    assert.deepEqual([task.state, task.error?.code], ['failed', 'no_space'])
    full = false
    assert.deepEqual(world.traces().areas, ['101'])
    assert.equal((await node.client.vpsList()).vps.length, 1)
    assert.equal((await node.client.vpsClone({ ...web, ...WAIT, body: { name: 'copy' } })).task.state, 'done')
  })
})

describe('a schedule of snapshots', () => {
  const HOUR = 3_600_000
  const DAILY = { every: 86_400, at: null, keep: 2, suspend: false } as const
  const set = (node: SimNode, snapshots: object | null) =>
    node.client.vpsChange({ ...web, ...WAIT, body: { snapshots: snapshots as typeof DAILY } })
  const later = (hours: number): Date => new Date(Date.now() + hours * HOUR)

  it('makes one when it is due, one for all that were missed, and keeps the last', async () => {
    const { world, node } = await withWeb()
    await using _ = world
    await create(node, { name: 'by-hand' })
    await set(node, DAILY)
    const look = snapshotClock(node.daemon.means)
    await look(later(23))
    assert.deepEqual(await names(node), ['by-hand'])
    await look(later(24 * 10))
    await look(later(24 * 10 + 1))
    assert.equal((await names(node)).length, 2, 'ten days make one')
    for (const day of [11, 12, 13]) await look(later(24 * day + 2))
    const kept = await names(node)
    assert.equal(kept.filter((name) => name.startsWith('scheduled-')).length, 2)
    assert.ok(kept.includes('by-hand'), 'those made by hand are nobody’s to remove')
  })

  it('knows times as cron says them, and refuses what are none', async () => {
    const { world, node } = await withWeb()
    await using _ = world
    for (const at of ['61 * * * *', '* * *', '0 0 31 2 *', 'often'])
      await assert.doesNotReject(async () => {
        const { task } = await set(node, { ...DAILY, every: null, at })
        assert.deepEqual([task.state, task.error?.code], ['failed', 'invalid_request'], at)
      })
    await assert.rejects(set(node, { ...DAILY, at: '* * * * *' }), code('invalid_request'))
    await set(node, { ...DAILY, every: null, at: '0 * * * *' })
    await snapshotClock(node.daemon.means)(later(1))
    assert.equal((await names(node)).length, 1)
  })

  it('goes on after a restart, and what failed waits for its next time', async () => {
    let full = true
    const { world, node } = await withWeb({ full: () => full })
    await using _ = world
    await set(node, DAILY)
    const look = snapshotClock(node.daemon.means)
    await look(later(25))
    full = false
    await look(later(26))
    assert.deepEqual(await names(node), [])
    await look(later(50))
    assert.equal((await names(node)).length, 1)
    await node.stop()
    const next = await world.boot()
    await snapshotClock(next.daemon.means)(later(51))
    assert.equal((await names(next)).length, 2, 'its own clock says that it was made now, so that it is due')
    await set(next, null)
    await snapshotClock(next.daemon.means)(later(500))
    assert.equal((await names(next)).length, 2)
  })

  it('does not keep what is over', async () => {
    const { world, node } = await withWeb()
    await using _ = world
    await create(node, { name: 'short', expires: 60 })
    await create(node, { name: 'long' })
    const look = snapshotClock(node.daemon.means)
    await look(new Date())
    assert.deepEqual((await names(node)).toSorted(), ['long', 'short'])
    await look(later(1))
    assert.deepEqual(await names(node), ['long'])
  })
})
