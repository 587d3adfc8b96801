/** Tasks as clients see them: in turn for each VPS, side by side for many, waited for, cancelled. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openWorld } from './world.ts'

const WAIT = { query: { wait: 20 } } as const

describe('tasks', () => {
  it('of 50 creates and starts at once all succeed, with ids, addresses and host ids of their own', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        node.client.vpsCreate({ ...WAIT, body: { name: `web-${index}`, template: 'micro', addresses: ['auto'], start: true } }),
      ),
    )
    assert.deepEqual(
      answers.filter(({ task }) => task.state !== 'done').map(({ task }) => task.error),
      [],
    )
    const { vps } = await node.client.vpsList()
    assert.equal(new Set(vps.map(({ id }) => id)).size, 50)
    assert.equal(new Set(vps.flatMap(({ addresses }) => addresses)).size, 50)
    assert.equal(new Set((await world.vzfs.areas.list()).map(({ base }) => base)).size, 50)
    assert.deepEqual(world.traces().filtered.length, 50)
    assert.ok(world.replacements() <= 52, 'more than one replacement of the table for each start')
  })

  it('of 50 creates of one name leave one VPS', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        node.send('POST', '/v1/vps?wait=20', { name: 'only', template: 'micro', addresses: ['10.77.0.5'] }),
      ),
    )
    assert.equal(answers.filter(({ status }) => status === 200).length, 1)
    assert.equal(answers.filter(({ status }) => status === 409).length, 49)
    assert.deepEqual(world.traces().areas, ['101'])
  })

  it('on one VPS are done one after the other, in the order in which they were asked for', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const asked: ReturnType<typeof node.send>[] = []
    const requests = [
      ['POST', '/v1/vps', { name: 'web', template: 'micro' }],
      ['POST', '/v1/vps/web/start', {}],
      ['POST', '/v1/vps/web/suspend', {}],
      ['POST', '/v1/vps/web/resume', {}],
      ['POST', '/v1/vps/web/stop', {}],
      ['DELETE', '/v1/vps/web'],
    ] as const
    for (const [method, path, body] of requests) {
      asked.push(node.send(method, `${path}?wait=20`, body))
      // Requests on different connections come in any order: each is known before the next is sent, and its end is not waited for.
      while ((await node.client.taskList({ query: {} })).tasks.length < asked.length) continue
    }
    assert.deepEqual(
      (await Promise.all(asked)).map(({ json }) => (json as { task?: { state: string } }).task?.state),
      Array.from({ length: 6 }, () => 'done'),
    )
    assert.deepEqual(world.traces(), { areas: [], cgroups: [], links: [], inits: [], filtered: [] })
  })

  it('answer 202 at once, and with ?wait= when they have ended or the time is over', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', start: true } })
    world.inits.set('101', { stubborn: true })
    const stop = await node.send('POST', '/v1/vps/web/stop?wait=0.05', { timeout: 0.4 })
    assert.deepEqual([stop.status, (stop.json as { task: { state: string } }).task.state], [202, 'running'])
    const { task } = stop.json as { task: { id: number } }
    const ended = await node.client.taskShow({ params: { task: task.id }, query: { wait: 10 } })
    assert.equal(ended.task.state, 'done')
  })

  it('can be cancelled while they run, and while they wait', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const { task } = await node.client.templateBuild({ body: { name: 'endless' } })
    const cancelled = await node.client.taskCancel({ params: { task: task.id }, ...WAIT })
    assert.deepEqual([cancelled.task.state, cancelled.task.error?.code], ['cancelled', 'cancelled'])
    const again = await node.send('POST', `/v1/tasks/${task.id}/cancel`, {})
    assert.equal(again.status, 409)
  })

  it('that wait for a turn and are cancelled leave nothing of a create', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    // All places are taken by builds that do not end.
    const builds = await Promise.all(
      Array.from({ length: 16 }, (_, at) => node.client.templateBuild({ body: { name: `endless-${at}` } })),
    )
    const { task } = await node.client.vpsCreate({ body: { name: 'web', template: 'micro', addresses: ['auto'] } })
    assert.equal(task.state, 'queued')
    await node.client.taskCancel({ params: { task: task.id } })
    for (const build of builds) await node.client.taskCancel({ params: { task: build.task.id }, ...WAIT })
    const ended = await node.client.taskShow({ params: { task: task.id }, query: { wait: 10 } })
    assert.equal(ended.task.state, 'cancelled')
    assert.deepEqual([(await node.client.vpsList()).vps, world.traces().areas], [[], []])
  })

  it('are told by what they do, with a log', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const { task } = await node.client.templateBuild({ ...WAIT, body: { name: 'debian-12' } })
    assert.deepEqual([task.kind, task.subject, task.state], ['template.build', 'debian-12', 'done'])
    assert.deepEqual(
      (await node.client.taskList({ query: { state: 'done' } })).tasks.map(({ id }) => id),
      [task.id],
    )
    const { lines } = await node.client.taskLog({ params: { task: task.id } })
    assert.deepEqual(
      lines.map(({ text }) => text),
      ["packages come from the node's own apt sources", 'packages', 'debian-12@2026-01-01.1 is built: 1 files'],
    )
  })

  it('of two builds of one template the second is refused, until the first has ended', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const build = async () => node.send('POST', '/v1/templates?wait=0.01', { name: 'endless-1' })
    const answers = await Promise.all([build(), build()])
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((one, other) => one - other),
      [202, 409],
    )
    const [first] = (await node.client.taskList({ query: {} })).tasks
    const { error } = (await build()).json as { error: { code: string; message: string } }
    assert.deepEqual([error.code, error.message], ['busy', `cannot build template "endless-1": task ${first?.id} is building it`])
    await node.client.taskCancel({ params: { task: first?.id ?? 0 }, ...WAIT })
    assert.equal((await build()).status, 202)
  })
})
