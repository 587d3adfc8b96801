import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RelinkResult } from '@insula/contract'
import { openWorld } from './world.ts'

const WAIT = { query: { wait: 20 } }
const STOP = { ...WAIT, body: { force: true } }

const namesIn = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name)

describe('relink', () => {
  it('is done for what is stopped; what runs is marked, and relinked when it stops', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const { client } = node
    await client.vpsCreate({ ...WAIT, body: { name: 'off', template: 'micro' } })
    await client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', start: true } })
    const { task } = await client.vzfsRelink({ ...WAIT, body: { all: true } })
    const { relinked, marked, failed } = task.result as RelinkResult
    assert.deepEqual([namesIn(relinked), namesIn(marked), failed], [['off'], ['web'], []])
    assert.equal(relinked[0]?.report.files, 2)
    assert.equal((await client.vpsShow({ params: { vps: 'web' } })).vps.relinkDue, true)
    await client.vpsStop({ params: { vps: 'web' }, ...STOP })
    const { tasks } = await client.taskList({ query: { vps: 'web' } })
    const relink = tasks.find(({ kind }) => kind === 'vps.relink')
    assert.equal((await client.taskShow({ params: { task: relink?.id ?? 0 }, ...WAIT })).task.state, 'done')
    assert.equal((await client.vpsShow({ params: { vps: 'web' } })).vps.relinkDue, false)
  })

  it('that follows a stop gives way to a start, and is not made of a VPS that shares nothing', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const { client } = node
    for (const [name, share] of [
      ['web', 'all'],
      ['alone', 'none'],
    ] as const)
      await client.vpsCreate({ ...WAIT, body: { name, template: 'micro', share, start: true } })
    world.vzfs.slowRelinks = true
    for (const vps of ['web', 'alone']) await client.vpsStop({ params: { vps }, ...STOP })
    assert.equal((await client.vpsStart({ params: { vps: 'web' }, ...WAIT })).task.state, 'done')
    const { tasks } = await client.taskList()
    assert.deepEqual(
      tasks.filter(({ kind }) => kind === 'vps.relink').map(({ subject, state, result }) => [subject, state, result]),
      [['web', 'done', null]],
    )
  })
})

describe('a VPS that may share less than before', () => {
  it('is relinked once more after its next stop, also when it may share nothing', async () => {
    await using world = await openWorld()
    const { client } = await world.boot()
    await client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', start: true } })
    const due = async () => (await client.vpsShow({ params: { vps: 'web' } })).vps.relinkDue
    for (const [share, is] of [
      ['templates', true],
      ['none', true],
    ] as const) {
      await client.vpsChange({ params: { vps: 'web' }, ...WAIT, body: { share } })
      assert.equal(await due(), is)
    }
    await client.vpsStop({ params: { vps: 'web' }, ...STOP })
    const { tasks } = await client.taskList({ query: { vps: 'web' } })
    const relink = tasks.find(({ kind }) => kind === 'vps.relink')
    assert.equal((await client.taskShow({ params: { task: relink?.id ?? 0 }, ...WAIT })).task.state, 'done')
    assert.deepEqual([world.vzfs.relinks, await due()], [[{ id: 101, share: 'none' }], false])
    // To share more takes nothing back.
    await client.vpsChange({ params: { vps: 'web' }, ...WAIT, body: { share: 'all' } })
    assert.equal(await due(), false)
  })
})

describe('a snapshot of when a VPS might share more', () => {
  it('brings links back that the next relink takes away, of the VPS and of a clone of the snapshot', async () => {
    await using world = await openWorld()
    const { client } = await world.boot()
    const due = async (vps: string) => (await client.vpsShow({ params: { vps } })).vps.relinkDue
    for (const [name, share] of [
      ['all', 'all'],
      ['web', 'none'],
    ] as const) {
      await client.vpsCreate({ ...WAIT, body: { name, template: 'micro' } })
      await client.snapshotCreate({ params: { vps: name }, ...WAIT, body: { name: 'then' } })
      if (share === 'none') await client.vpsChange({ params: { vps: name }, ...WAIT, body: { share } })
      await client.vzfsRelink({ ...WAIT, body: { vps: [name] } })
      assert.equal(await due(name), false)
      await client.vpsClone({ params: { vps: name }, ...WAIT, body: { name: `${name}-of-then`, snapshot: 'then' } })
      await client.vpsClone({ params: { vps: name }, ...WAIT, body: { name: `${name}-of-now` } })
      await client.snapshotRollback({ params: { vps: name, snapshot: 'then' }, ...WAIT })
      const found = await Promise.all([name, `${name}-of-then`, `${name}-of-now`].map(due))
      assert.deepEqual(found, share === 'none' ? [true, true, false] : [false, false, false])
    }
  })
})

describe('rebase', () => {
  it('moves a stopped VPS, and its record says so', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const { client } = node
    const { vps: before } = await (async () => {
      await client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro' } })
      return client.vpsShow({ params: { vps: 'web' } })
    })()
    await client.templateBuild({ ...WAIT, body: { name: 'micro' } })
    const { task } = await client.vpsRebase({ params: { vps: 'web' }, ...WAIT, body: { template: 'micro' } })
    assert.equal(task.state, 'done', task.error?.message)
    const { vps: after } = await client.vpsShow({ params: { vps: 'web' } })
    assert.notEqual(after.template, before.template)
    assert.deepEqual((await world.vzfs.areas.show(101))?.layers, [after.template])
    assert.equal((JSON.parse(world.vzfs.records.get(101) ?? '{}') as { template: string }).template, after.template)
    await assert.rejects(
      client.vpsRebase({ params: { vps: 'web' }, ...WAIT, body: { template: 'micro' } }),
      /is what it consists of/,
    )
  })

  it('is refused while it runs, and when files are in the way, by their names', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const { client } = node
    await client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', start: true } })
    await client.templateBuild({ ...WAIT, body: { name: 'micro' } })
    const rebase = () => client.vpsRebase({ params: { vps: 'web' }, ...WAIT, body: { template: 'micro' } })
    await assert.rejects(rebase(), /cannot rebase VPS "web": it is running/)
    await client.vpsStop({ params: { vps: 'web' }, ...STOP })
    world.vzfs.obstacles.add(101)
    const { task } = await rebase()
    assert.equal(task.error?.code, 'conflict')
    assert.match(task.error?.message ?? '', /\/etc\/motd is in the way/)
  })
})
