/** Apps of VPSs that are stopped, or are created with them: a shared layer, or their own files, and configured once they boot. */

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { AppResult, Event } from '@insula/contract'
import { packageManager } from './fakes/package-manager.ts'
import { openWorld, type SimNode, type World } from './world.ts'

const WAIT = { query: { wait: 20 } }

async function worldWith(t: TestContext) {
  const { commands, state } = packageManager()
  const world: World = await openWorld({ commands })
  t.after(async () => world[Symbol.asyncDispose]())
  const node = await world.boot()
  await node.client.templateBuild({ ...WAIT, body: { name: 'web' } })
  return { world, node, state }
}

const appOf = async ({ client }: SimNode, vps: string) => (await client.vpsShow({ params: { vps } })).vps.apps[0]

async function deed(
  asked: Promise<{ task: { result: unknown; error: { message: string } | null } }>,
): Promise<AppResult['vps'][number]> {
  const { task } = await asked
  const [result] = (task.result as AppResult | null)?.vps ?? []
  return result ?? assert.fail(task.error?.message)
}

/** Until no task is under way. */
async function settled({ client }: SimNode): Promise<void> {
  for (;;) {
    const { tasks } = await client.taskList({ query: {} })
    const open = tasks.filter(({ state }) => state === 'queued' || state === 'running')
    if (open.length === 0) return
    for (const { id } of open) await client.taskShow({ params: { task: id }, query: { wait: 20 } })
  }
}

describe('an app of a stopped VPS', () => {
  it('is a layer, waits for the boot, and is configured once, which is told', async (t) => {
    const { node, state } = await worldWith(t)
    const { client, daemon } = node
    await client.vpsCreate({ ...WAIT, body: { name: 'off', template: 'micro' } })
    const result = await deed(
      client.appAdd({ ...WAIT, body: { app: 'web', select: { vps: ['off'] }, parameters: { port: '8080' } } }),
    )
    assert.match(result.message ?? '', /^in a shared layer; it is configured when the VPS boots$/)
    const waiting = await appOf(node, 'off')
    assert.deepEqual([waiting?.how, waiting?.state, waiting?.parameters], ['layer', 'pending', { port: '8080' }])
    assert.deepEqual(daemon.means.inventory.find('off').apps[0]?.came, ['web'])
    assert.equal(daemon.means.inventory.find('off').layers.length, 2)
    const told: Event[] = []
    using _ = daemon.means.events.listen((event) => void told.push(event))
    await client.vpsStart({ params: { vps: 'off' }, ...WAIT })
    await settled(node)
    assert.deepEqual([(await appOf(node, 'off'))?.state, state.configured], ['ready', 1])
    assert.deepEqual(
      told.flatMap(({ kind, data }) => (kind === 'app.configured' ? [data] : [])),
      [{ name: 'off', app: 'web@2026-01-01.1', problem: null }],
    )
    const task = (await client.taskList({ query: {} })).tasks.find(({ kind }) => kind === 'app.configure')
    const { secrets } = await client.taskSecrets({ params: { task: task?.id ?? 0 } })
    assert.deepEqual([secrets[0]?.vps, Object.keys(secrets[0]?.values ?? {})], ['off', ['web.password']])
    await client.vpsRestart({ params: { vps: 'off' }, ...WAIT, body: {} })
    await settled(node)
    assert.equal(state.configured, 1)
  })

  it('that cannot be configured says why, and the same command again tries anew', async (t) => {
    const { node, state } = await worldWith(t)
    const { client } = node
    await client.vpsCreate({ ...WAIT, body: { name: 'off', template: 'micro' } })
    await deed(client.appAdd({ ...WAIT, body: { app: 'web', select: { vps: ['off'] } } }))
    state.scripts.push(() => 3)
    await client.vpsStart({ params: { vps: 'off' }, ...WAIT })
    await settled(node)
    const failed = await appOf(node, 'off')
    assert.equal(failed?.state, 'failed')
    assert.match(
      failed?.problem ?? '',
      /cannot configure app web in VPS "off": post-install \(configure\) failed: it ended with 3/,
    )
    state.installed = true
    assert.equal((await deed(client.appAdd({ ...WAIT, body: { app: 'web', select: { vps: ['off'] } } }))).outcome, 'done')
    const ready = await appOf(node, 'off')
    assert.deepEqual([ready?.state, ready?.problem, ready?.how], ['ready', null, 'layer'])
  })

  it('is configured by the next daemon when one is killed before or in the middle of it', async (t) => {
    const { world, node, state } = await worldWith(t)
    await node.client.vpsCreate({ ...WAIT, body: { name: 'off', template: 'micro' } })
    await deed(node.client.appAdd({ ...WAIT, body: { app: 'web', select: { vps: ['off'] } } }))
    const begun = Promise.withResolvers<void>()
    state.scripts.push(() => (begun.resolve(), node.kill(), 0))
    await node.client.vpsStart({ params: { vps: 'off' }, ...WAIT }).catch(() => undefined)
    await begun.promise
    const next = await world.boot()
    await settled(next)
    assert.deepEqual([(await appOf(next, 'off'))?.state, state.configured], ['ready', 2])
  })

  it('goes into its own files where those are in the way; its secrets cannot be given', async (t) => {
    const { world, node, state } = await worldWith(t)
    const { client, daemon } = node
    await client.vpsCreate({ ...WAIT, body: { name: 'off', template: 'micro' } })
    const select = { vps: ['off'] }
    const given = await deed(client.appAdd({ ...WAIT, body: { app: 'web', select, parameters: { password: 'secret-enough' } } }))
    assert.match(given.message ?? '', /"password" is a secret, and the VPS does not run/)
    assert.equal(await appOf(node, 'off'), undefined)
    world.vzfs.obstacles.add(daemon.means.inventory.find('off').id)
    // The workshop has installed it, the VPS has not.
    const added = client.appAdd({ ...WAIT, body: { app: 'web', select } })
    assert.match((await deed(added)).message ?? '', /^in its own files; it is configured/)
    const there = await appOf(node, 'off')
    assert.deepEqual([there?.how, there?.state], ['packages', 'pending'])
    const changed = await deed(client.appUpgrade({ ...WAIT, body: { app: 'web', select, parameters: { port: '81' } } }))
    assert.equal(changed.outcome, 'done')
    assert.deepEqual((await appOf(node, 'off'))?.parameters, { port: '81' })
    assert.equal(daemon.means.inventory.find('off').apps[0]?.pending, 'post-install')
    assert.equal((await deed(client.appRemove({ ...WAIT, body: { app: 'web', select } }))).outcome, 'done')
    assert.equal(await appOf(node, 'off'), undefined)
    assert.equal(state.configured, 0)
    assert.deepEqual(world.traces().inits, [])
  })
})

describe('an app that another needs', () => {
  it('comes with it, and goes after it', async (t) => {
    const { node } = await worldWith(t)
    const { client } = node
    await client.templateBuild({ ...WAIT, body: { name: 'shop' } })
    await client.vpsCreate({ ...WAIT, body: { name: 'off', template: 'micro' } })
    const names = async (vps: string) => (await client.vpsShow({ params: { vps } })).vps.apps.map(({ name }) => name)
    const select = { vps: ['off'] }
    const planned = await deed(client.appAdd({ ...WAIT, body: { app: 'shop', select, dryRun: true } }))
    assert.match(planned.message ?? '', /^web first, then /)
    assert.match((await deed(client.appAdd({ ...WAIT, body: { app: 'shop', select } }))).message ?? '', /^with web; in a shared/)
    assert.deepEqual(await names('off'), ['web', 'shop'])
    const refused = await deed(client.appRemove({ ...WAIT, body: { app: 'web', select } }))
    assert.match(refused.message ?? '', /cannot remove app web from VPS "off": shop needs it/)
    for (const app of ['shop', 'web'])
      assert.equal((await deed(client.appRemove({ ...WAIT, body: { app, select } }))).outcome, 'done')
    assert.deepEqual(await names('off'), [])
    assert.equal(node.daemon.means.inventory.find('off').layers.length, 1)
    await client.vpsCreate({ ...WAIT, body: { name: 'new', template: 'micro', apps: [{ app: 'shop' }], start: true } })
    assert.deepEqual(await names('new'), ['web', 'shop'])
    const running = { vps: ['up'] }
    await client.vpsCreate({ ...WAIT, body: { name: 'up', template: 'micro', start: true } })
    const added = client.appAdd({ ...WAIT, body: { app: 'shop', select: running } })
    const { task } = await added
    await deed(added)
    assert.deepEqual(await names('up'), ['web', 'shop'])
    const { secrets } = await client.taskSecrets({ params: { task: task.id } })
    assert.deepEqual(Object.keys(secrets[0]?.values ?? {}).toSorted(), ['password', 'web.password'])
  })
})

describe('a VPS that is created with an app', () => {
  it('has it when it is there, configured and with its secrets when it was started', async (t) => {
    const { node, state } = await worldWith(t)
    const { client } = node
    const apps = [{ app: 'web', parameters: { port: '8080', password: 'my-own-secret' } }]
    const { task } = await client.vpsCreate({ ...WAIT, body: { name: 'one', template: 'micro', apps, start: true } })
    assert.equal(task.state, 'done', task.error?.message)
    const app = await appOf(node, 'one')
    assert.deepEqual([app?.state, app?.how, app?.parameters, state.configured], ['ready', 'layer', { port: '8080' }, 1])
    await settled(node)
    assert.equal(state.configured, 1)
    assert.ok(!JSON.stringify(await client.taskLog({ params: { task: task.id } })).includes('my-own-secret'))
    state.installed = false
    const { task: other } = await client.vpsCreate({
      ...WAIT,
      body: { name: 'two', template: 'micro', apps: [{ app: 'web' }], start: true },
    })
    assert.deepEqual(
      (await client.taskSecrets({ params: { task: other.id } })).secrets.map(({ vps }) => vps),
      ['two'],
    )
  })

  it('is not there when its layer cannot be built; what cannot be is refused before anything is done', async (t) => {
    const { world, node, state } = await worldWith(t)
    const { client } = node
    const create = (more: object) => client.vpsCreate({ ...WAIT, body: { name: 'one', template: 'micro', ...more } })
    state.fail = 1
    const { task } = await create({ apps: [{ app: 'web' }] })
    assert.match(
      task.error?.message ?? '',
      /cannot build the shared layer of web@2026-01-01.1 on micro@2026-01-01.1: installation failed/,
    )
    assert.deepEqual(world.traces().areas, [])
    assert.deepEqual((await client.vpsList()).vps, [])
    await assert.rejects(create({ apps: [{ app: 'none' }] }), /cannot create VPS "one": there is no app "none"/)
    await assert.rejects(create({ apps: [{ app: 'web', parameters: { port: 'x' } }] }), /parameter "port" takes a port/)
    await assert.rejects(create({ apps: [{ app: 'web', parameters: { password: 'secret-enough' } }] }), /does not run/)
  })
})
