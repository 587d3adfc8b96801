import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AppResult } from '@insula/contract'
import { packageManager } from './fakes/package-manager.ts'
import { openWorld } from './world.ts'

const WAIT = { query: { wait: 20 } }

describe('apps', () => {
  it('are added to many, told per VPS, with a secret that is given once', async () => {
    const { commands } = packageManager()
    await using world = await openWorld({ commands })
    const node = await world.boot()
    const { client } = node
    for (const name of ['one', 'two']) await client.vpsCreate({ ...WAIT, body: { name, template: 'micro', start: true } })
    await client.vpsCreate({ ...WAIT, body: { name: 'off', template: 'micro' } })
    await assert.rejects(
      client.appAdd({ ...WAIT, body: { app: 'web', select: { all: true } } }),
      /build it with: insula template build web|no app "web"/,
    )
    await client.templateBuild({ ...WAIT, body: { name: 'web' } })
    const planned = await client.appAdd({ ...WAIT, body: { app: 'web', select: { vps: ['one'] }, dryRun: true } })
    assert.equal((planned.task.result as AppResult).vps[0]?.outcome, 'planned')
    const { task } = await client.appAdd({ ...WAIT, body: { app: 'web', select: { all: true }, parameters: { port: '8080' } } })
    assert.equal(task.state, 'done', task.error?.message)
    const { vps } = task.result as AppResult
    assert.deepEqual(
      vps.map(({ name, outcome }) => [name, outcome]),
      [
        ['one', 'done'],
        ['two', 'done'],
        ['off', 'done'],
      ],
    )
    assert.match(vps[2]?.message ?? '', /configured when the VPS boots/)
    const { vps: shown } = await client.vpsShow({ params: { vps: 'one' } })
    assert.deepEqual(
      shown.apps.map(({ ref, state, parameters }) => [ref, state, parameters]),
      [['web@2026-01-01.1', 'ready', { port: '8080' }]],
    )
    assert.deepEqual(Object.keys(shown.apps[0] ?? {}).includes('came'), false)
    const { secrets } = await client.taskSecrets({ params: { task: task.id } })
    assert.deepEqual(secrets.map((one) => one.vps).toSorted(), ['one', 'two'])
    const secret = secrets[0]?.values['password'] ?? ''
    assert.match(secret, /^\w{16}$/)
    assert.deepEqual((await client.taskSecrets({ params: { task: task.id } })).secrets, [])
    assert.ok(
      !JSON.stringify([await client.taskShow({ params: { task: task.id } }), shown, world.vzfs.records.get(101)]).includes(
        secret,
      ),
    )
    await assert.rejects(client.templateRemove({ params: { template: 'web@2026-01-01.1' }, ...WAIT }), /3 VPSs have it/)
    const { usage } = await client.templateUsage()
    assert.deepEqual(
      usage.find(({ kind }) => kind === 'app')?.vps.map(({ name }) => name),
      ['one', 'two', 'off'],
    )
  })

  it('that cannot be installed are taken back, with what to do', async () => {
    const { commands, state } = packageManager()
    await using world = await openWorld({ commands })
    const node = await world.boot()
    const { client } = node
    await client.templateBuild({ ...WAIT, body: { name: 'web' } })
    await client.vpsCreate({ ...WAIT, body: { name: 'one', template: 'micro', start: true } })
    state.fail = 1
    const { task } = await client.appAdd({ ...WAIT, body: { app: 'web', select: { vps: ['one'] } } })
    const [result] = (task.result as AppResult).vps
    assert.equal(result?.outcome, 'failed')
    assert.match(
      result?.message ?? '',
      /installation failed: it ended with 100: .*No space left on device; what had been installed is removed again/,
    )
    assert.deepEqual((await client.vpsShow({ params: { vps: 'one' } })).vps.apps, [])
    assert.equal(state.installed, false)
    const again = await client.appAdd({ ...WAIT, body: { app: 'web', select: { vps: ['one'] } } })
    assert.equal((again.task.result as AppResult).vps[0]?.outcome, 'done')
  })

  it('are upgraded where asked, removed, and a second time there is nothing to do', async () => {
    const { commands } = packageManager()
    await using world = await openWorld({ commands })
    const node = await world.boot()
    const { client } = node
    await client.templateBuild({ ...WAIT, body: { name: 'web' } })
    for (const name of ['one', 'two']) await client.vpsCreate({ ...WAIT, body: { name, template: 'micro', start: true } })
    await client.appAdd({ ...WAIT, body: { app: 'web', select: { template: 'micro' } } })
    await client.templateBuild({ ...WAIT, body: { name: 'web' } })
    const { task } = await client.appUpgrade({ ...WAIT, body: { app: 'web', select: { vps: ['two'] } } })
    assert.equal((task.result as AppResult).vps[0]?.outcome, 'done')
    const refs = async () => (await client.vpsList({ query: {} })).vps.map(({ apps }) => apps[0]?.ref)
    assert.deepEqual(await refs(), ['web@2026-01-01.1', 'web@2026-01-01.2'])
    const remove = () => client.appRemove({ ...WAIT, body: { app: 'web', select: { all: true }, purge: true } })
    assert.deepEqual(
      ((await remove()).task.result as AppResult).vps.map(({ outcome }) => outcome),
      ['done', 'done'],
    )
    assert.deepEqual(await refs(), [undefined, undefined])
    assert.deepEqual(
      ((await remove()).task.result as AppResult).vps.map(({ outcome }) => outcome),
      ['unchanged', 'unchanged'],
    )
  })

  it('whose upgrade fails tell why, until it has come to its end', async () => {
    const { commands, state } = packageManager()
    await using world = await openWorld({ commands })
    const { client } = await world.boot()
    await client.templateBuild({ ...WAIT, body: { name: 'web' } })
    await client.vpsCreate({ ...WAIT, body: { name: 'one', template: 'micro', start: true } })
    await client.appAdd({ ...WAIT, body: { app: 'web', select: { all: true } } })
    await client.templateBuild({ ...WAIT, body: { name: 'web' } })
    const shown = async (): Promise<unknown[]> =>
      (await client.vpsShow({ params: { vps: 'one' } })).vps.apps.map((app) => [app.state, app.problem])
    const upgrade = async () => {
      const { task } = await client.appUpgrade({ ...WAIT, body: { app: 'web', select: { all: true } } })
      return (task.result as AppResult).vps[0]
    }
    state.installed = false
    state.fail = 1
    assert.equal((await upgrade())?.outcome, 'failed')
    const [[during, problem] = []] = (await shown()) as [string, string][]
    assert.equal(during, 'upgrading')
    assert.match(problem ?? '', /^upgrade failed: it ended with 100: .*No space left on device/)
    assert.equal((await upgrade())?.outcome, 'done')
    assert.deepEqual(await shown(), [['ready', null]])
  })

  it('never come to a VPS that got the number of a chosen one meanwhile', async () => {
    const { commands } = packageManager()
    const [began, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const script = commands['/var/lib/insula-app/script'] ?? (() => assert.fail())
    commands['/var/lib/insula-app/script'] = async (call) => {
      began.resolve()
      await goOn.promise
      return script(call)
    }
    await using world = await openWorld({ commands })
    const { client } = await world.boot()
    await client.templateBuild({ ...WAIT, body: { name: 'web' } })
    const create = (name: string) => client.vpsCreate({ ...WAIT, body: { name, template: 'micro', start: true } })
    for (const name of ['first', 'leaves']) await create(name)
    const { task } = await client.appAdd({ body: { app: 'web', select: { all: true }, parallel: 1 } })
    await began.promise
    await client.vpsDestroy({ params: { vps: 'leaves' }, query: { wait: 20, force: true } })
    await create('comes')
    const shown = async () => (await client.vpsShow({ params: { vps: 'comes' } })).vps
    assert.equal((await shown()).id, 102)
    goOn.resolve()
    const ended = await client.taskShow({ params: { task: task.id }, ...WAIT })
    const { vps } = ended.task.result as AppResult
    assert.deepEqual(
      vps.map(({ name, outcome }) => [name, outcome]),
      [
        ['first', 'done'],
        ['leaves', 'failed'],
      ],
    )
    assert.match(vps[1]?.message ?? '', /VPS "leaves" is not there any more/)
    assert.deepEqual((await shown()).apps, [])
    const { secrets } = await client.taskSecrets({ params: { task: task.id } })
    assert.deepEqual(
      secrets.map((one) => one.vps),
      ['first'],
    )
  })
})
