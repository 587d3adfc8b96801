import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_QUOTA_LIMITS } from '@insula/kernel'
import { openWorld } from './world.ts'

const WAIT = { query: { wait: 20 } }
const MIB = 1024 ** 2

describe('disk limits', () => {
  it('are set with the VPS, changed while it runs and while it does not, and go with it', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const { quota } = world.vzfs
    const limits = { disk: 100 * MIB, inodes: 5_000 }
    const { task } = await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', limits, start: true } })
    const base = (await world.vzfs.areas.show(101))?.base ?? 0
    const project = base / 65_536
    const found = () => quota.account('project', project).limits
    assert.equal(task.state, 'done')
    assert.deepEqual(found(), { ...NO_QUOTA_LIMITS, bytesHard: 100 * MIB, inodesHard: 5_000 })
    const change = { disk: 300 * MIB, diskSoft: 200 * MIB, inodes: null }
    await node.client.vpsChange({ params: { vps: 'web' }, ...WAIT, body: { limits: change } })
    assert.deepEqual(found(), { ...NO_QUOTA_LIMITS, bytesHard: 300 * MIB, bytesSoft: 200 * MIB })
    await node.client.vpsStop({ params: { vps: 'web' }, ...WAIT, body: { force: true } })
    await node.client.vpsChange({ params: { vps: 'web' }, ...WAIT, body: { limits: { disk: null, diskSoft: null } } })
    assert.deepEqual(found(), NO_QUOTA_LIMITS)
  })

  it('below what is in use are refused and change nothing, but for --force', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const { quota } = world.vzfs
    await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro' } })
    const project = ((await world.vzfs.areas.show(101))?.base ?? 0) / 65_536
    quota.use('project', project, 50 * MIB, 400)
    const before = quota.account('project', project).limits
    const set = (body: object) => node.send('PATCH', '/v1/vps/web?wait=20', body)
    for (const [limits, message] of [
      [{ disk: 40 * MIB }, /a disk limit of 40M is below the 50M in use/],
      [{ inodes: 300 }, /a limit of 300 inodes is below the 400 in use/],
    ] as const) {
      const { json } = await set({ limits })
      const { error } = (json as { task: { error: { code: string; message: string } } }).task
      assert.equal(error.code, 'limit_below_use')
      assert.match(error.message, message)
    }
    assert.deepEqual(quota.account('project', project).limits, before)
    await node.client.vpsChange({ params: { vps: 'web' }, ...WAIT, body: { limits: { disk: 40 * MIB }, force: true } })
    assert.equal(quota.account('project', project).limits.bytesHard, 40 * MIB)
    assert.equal(quota.account('project', project).bytes, 50 * MIB)
  })

  it('that somebody changed on the volume are put right by a repair', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', start: true } })
    const project = ((await world.vzfs.areas.show(101))?.base ?? 0) / 65_536
    const before = world.vzfs.quota.account('project', project).limits
    world.vzfs.quota.setLimits('project', project, NO_QUOTA_LIMITS)
    const { findings } = await node.client.doctor()
    assert.ok(findings.some(({ message }) => message === 'its disk limits are not those of its record'))
    world.vzfs.uncounted.add(101)
    const again = (await node.client.doctor()).findings
    assert.ok(again.some(({ message }) => message === 'its files are not counted for its disk limit'))
    await node.client.doctorRepair({ ...WAIT })
    assert.equal(world.vzfs.uncounted.size, 0)
    assert.deepEqual(world.vzfs.quota.account('project', project).limits, before)
  })

  it('nobody is given the ids of a VPS whose files are not all gone', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    await node.client.vpsCreate({ ...WAIT, body: { name: 'one', template: 'micro' } })
    const base = (await world.vzfs.areas.show(101))?.base ?? 0
    await node.client.vpsDestroy({ params: { vps: 'one' }, ...WAIT })
    world.vzfs.leaving.add(base)
    await node.client.vpsCreate({ ...WAIT, body: { name: 'two', template: 'micro' } })
    assert.equal((await world.vzfs.areas.show(101))?.base, base + 65_536)
    world.vzfs.leaving.clear()
    await node.client.vpsCreate({ ...WAIT, body: { name: 'three', template: 'micro' } })
    assert.equal((await world.vzfs.areas.show(102))?.base, base)
  })

  it('are recorded where the volume enforces none', async () => {
    await using world = await openWorld({ quota: [] })
    const node = await world.boot()
    await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', limits: { disk: 100 * MIB } } })
    const { vps } = await node.client.vpsShow({ params: { vps: 'web' } })
    assert.deepEqual([vps.limits.disk, vps.disk?.enforced], [100 * MIB, false])
  })
})

describe('quota of users and groups inside', () => {
  it('is set on the host ids of the VPS, as many as are allowed, and goes with the VPS', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', quotaUgid: 2 } })
    const base = (await world.vzfs.areas.show(101))?.base ?? 0
    const set = (body: object) => node.send('PATCH', '/v1/vps/web/quota', body)
    world.vzfs.quota.use('user', base + 1000, 3 * MIB, 7)
    const { json } = await set({ kind: 'user', id: 1000, bytesSoft: 2 * MIB, bytesHard: 5 * MIB })
    const { entry } = json as { entry: { bytes: number; bytesGraceEnds: string | null; inodesHard: number | null } }
    assert.deepEqual([entry.bytes, entry.inodesHard], [3 * MIB, null])
    assert.ok(entry.bytesGraceEnds)
    await set({ kind: 'user', id: 1000, inodesHard: 100 })
    assert.deepEqual(world.vzfs.quota.account('user', base + 1000).limits, {
      bytesSoft: 2 * MIB,
      bytesHard: 5 * MIB,
      inodesSoft: null,
      inodesHard: 100,
    })
    assert.equal((await set({ kind: 'group', id: 33, bytesHard: MIB })).status, 200)
    assert.equal((await set({ kind: 'group', id: 34, bytesHard: MIB })).status, 409, 'a third one')
    assert.equal((await set({ kind: 'group', id: 33, bytesHard: null })).status, 200)
    assert.equal((await set({ kind: 'group', id: 34, bytesHard: MIB })).status, 200, 'a place is free again')
    const { entries } = await node.client.quotaList({ params: { vps: 'web' }, query: {} })
    assert.deepEqual(
      entries.map(({ kind, id }) => `${kind} ${id}`),
      ['user 1000', 'group 34'],
    )
    // Ids of others are nobody's business.
    world.vzfs.quota.use('user', base + 65_536, MIB, 1)
    assert.equal((await node.client.quotaList({ params: { vps: 'web' }, query: { kind: 'user' } })).entries.length, 1)
  })

  it('that somebody changed on the volume is found and put right while the VPS runs, and 0 takes it away until more may have some', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const { quota } = world.vzfs
    await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', quotaUgid: 2, start: true } })
    const base = (await world.vzfs.areas.show(101))?.base ?? 0
    const found = () => quota.account('user', base + 1000).limits.bytesHard
    await node.client.quotaSet({ params: { vps: 'web' }, body: { kind: 'user', id: 1000, bytesHard: MIB } })
    assert.equal(found(), MIB)
    quota.setLimits('user', base + 1000, NO_QUOTA_LIMITS)
    // And one that nobody wanted.
    quota.setLimits('group', base + 33, { ...NO_QUOTA_LIMITS, bytesHard: MIB })
    const { findings } = await node.client.doctor()
    assert.ok(findings.some(({ message }) => message === '2 of the limits of its users and groups do not hold'))
    await node.client.doctorRepair({ ...WAIT })
    assert.deepEqual([found(), quota.account('group', base + 33).limits], [MIB, NO_QUOTA_LIMITS])
    const change = (quotaUgid: number) => node.client.vpsChange({ params: { vps: 'web' }, ...WAIT, body: { quotaUgid } })
    await change(0)
    assert.equal(found(), null)
    await change(1)
    assert.equal(found(), MIB)
  })

  it('that was lost is what the volume has and what was kept, and the VPS starts', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const web = { params: { vps: 'web' } }
    await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', quotaUgid: 2, start: true } })
    await node.client.quotaSet({ ...web, body: { kind: 'user', id: 1000, bytesHard: MIB } })
    await node.client.quotaGrace({ ...web, body: { kind: 'user', bytes: 3_600 } })
    world.vzfs.idSettings.get(101)?.damage()
    const { findings } = await node.client.doctor()
    assert.ok(findings.some(({ message }) => /quota.json is damaged/.test(message)))
    await node.client.vpsStop({ ...web, ...WAIT, body: { force: true } })
    const { task } = await node.client.vpsStart({ ...web, ...WAIT })
    assert.equal(task.state, 'done')
    const { entries, grace } = await node.client.quotaList({ ...web, query: {} })
    assert.deepEqual([entries.map(({ id, bytesHard }) => [id, bytesHard]), grace.user.bytes], [[[1000, MIB]], 3_600])
    const after = (await node.client.doctor()).findings
    assert.ok(!after.some(({ message }) => /quota.json|do not hold/.test(message)))
  })

  it('has grace times of its own for each VPS and kind', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    for (const name of ['web', 'mail']) await node.client.vpsCreate({ ...WAIT, body: { name, template: 'micro', quotaUgid: 2 } })
    const set = (body: object) => node.send('PATCH', '/v1/vps/web/quota/grace', body)
    await set({ bytes: 3_600 })
    await set({ kind: 'group', inodes: 60 })
    const graceOf = async (vps: string) => (await node.client.quotaList({ params: { vps }, query: {} })).grace
    const week = 604_800
    assert.deepEqual(await graceOf('web'), { user: { bytes: 3_600, inodes: week }, group: { bytes: 3_600, inodes: 60 } })
    assert.deepEqual(await graceOf('mail'), { user: { bytes: week, inodes: week }, group: { bytes: week, inodes: week } })
    for (const body of [{ bytes: 0 }, { inodes: -1 }, { bytes: 2 ** 40 }, { kind: 'project', bytes: 1 }, { days: 3 }])
      assert.equal((await set(body)).status, 400, JSON.stringify(body))
  })

  it('is refused for ids outside, for soft above hard, for a VPS that may have none, and on a volume without quota', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro' } })
    const refusal = async (body: object) => {
      const { status, json } = await node.send('PATCH', '/v1/vps/web/quota', body)
      return [status, (json as { error: { code: string } }).error.code]
    }
    assert.deepEqual(await refusal({ kind: 'user', id: 65_536, bytesHard: MIB }), [400, 'invalid_request'])
    assert.deepEqual(await refusal({ kind: 'project', id: 1, bytesHard: MIB }), [400, 'invalid_request'])
    assert.deepEqual(await refusal({ kind: 'user', id: 1, bytesSoft: 2 * MIB, bytesHard: MIB }), [400, 'invalid_request'])
    assert.deepEqual(await refusal({ kind: 'user', id: 1, bytesHard: MIB }), [409, 'conflict'])
    await using bare = await openWorld({ quota: [] })
    const without = await bare.boot()
    await without.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', quotaUgid: 10 } })
    const { status, json } = await without.send('PATCH', '/v1/vps/web/quota', { kind: 'user', id: 1, bytesHard: MIB })
    assert.deepEqual([status, (json as { error: { code: string } }).error.code], [422, 'unsupported'])
  })
})
