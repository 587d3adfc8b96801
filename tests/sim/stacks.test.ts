/** Shared layers with applications, built in a workshop and put below stopped VPSs. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AppResult } from '@insula/contract'
import type { FakeProgram } from '@insula/kernel/fakes'
import { collectStacks, inMaintenance, type Install, ontoStack, stackName, unusedStacks, withStack } from '@insula/node/daemon'
import { openWorld, type SimNode } from './world.ts'

const WAIT = { query: { wait: 20 } }
const APPS = ['web@1', 'db@1']

/** Holds whatever it is the init of up until it is killed. */
const waits: FakeProgram = async ({ onSignal }) => {
  onSignal(() => undefined)
  return new Promise(() => undefined)
}

const work = (signal = new AbortController().signal) => ({ signal, log: () => undefined })
const world = (programs: Readonly<Record<string, FakeProgram>> = {}) => openWorld({ commands: { '/bin/sh': waits, ...programs } })

type Means = SimNode['daemon']['means']

async function put(means: Means, id: number, apps: readonly string[], install: Install): Promise<'layer' | 'packages'> {
  if ((await ontoStack(means, id, apps, install, work())) !== null) return 'layer'
  await inMaintenance(means, id, work().signal, (inside) => install(inside, apps))
  return 'packages'
}

async function combination({ daemon }: SimNode) {
  const template = await daemon.means.templates.find('micro')
  assert.ok(template)
  return { template, apps: APPS }
}

describe('a stack', () => {
  it('is built once for all who want it, in a workshop that nobody sees and that leaves nothing', async () => {
    const seen: string[][] = []
    await using machine = await world()
    const node = await machine.boot()
    const { means } = node.daemon
    await node.client.templateBuild({ ...WAIT, body: { name: 'web' } })
    const wanted = await combination(node)
    const told: string[] = []
    using _ = means.events.listen(({ kind }) => void told.push(kind))
    let installs = 0
    const install: Install = async (inside, apps) => {
      installs++
      assert.deepEqual(apps, APPS)
      assert.equal((await inside.run(['echo', 'installed'])).stdout, 'installed\n')
      assert.equal(machine.traces().inits.length, 1)
      assert.deepEqual(machine.traces().links, [])
      seen.push((await node.client.vpsList()).vps.map(({ name }) => name))
      const { usage } = await node.client.templateUsage()
      seen.push(usage.flatMap(({ vps }) => vps.map(({ name }) => name)))
      const { task } = await node.client.appAdd({ ...WAIT, body: { app: 'web', select: { all: true }, dryRun: true } })
      seen.push((task.result as AppResult).vps.map(({ name }) => name))
      return { 'web@1': ['web'] }
    }
    const layers = await Promise.all(
      [1, 2].map(() =>
        withStack(means, wanted, install, work(), async (found) => {
          assert.deepEqual([await unusedStacks(means), await collectStacks(means)], [[], []])
          return found
        }),
      ),
    )
    const name = stackName(wanted)
    assert.deepEqual(layers, [
      [name, ...wanted.template.layers],
      [name, ...wanted.template.layers],
    ])
    assert.deepEqual([installs, seen], [1, [[], [], []]])
    assert.deepEqual(
      told.filter((kind) => kind.startsWith('vps.')),
      [],
    )
    assert.deepEqual(machine.traces(), { areas: [], cgroups: [], links: [], inits: [], filtered: [] })
    assert.deepEqual(await means.vzfs.layers.manifest(name), {
      kind: 'stack',
      os: wanted.template.ref,
      apps: APPS,
      came: { 'web@1': ['web'] },
    })
    assert.notEqual(stackName({ ...wanted, apps: APPS.toReversed() }), name)
    const unused = [{ name, os: wanted.template.ref, apps: APPS }]
    assert.deepEqual([await unusedStacks(means), await collectStacks(means)], [unused, unused])
  })

  it('whose builder is told to stop is built by the other who waits for it', async () => {
    await using machine = await world()
    const node = await machine.boot()
    const { means } = node.daemon
    const wanted = await combination(node)
    const stopped = new AbortController()
    const begun = Promise.withResolvers<void>()
    const hangs: Install = () => {
      begun.resolve()
      return new Promise((_resolve, reject) => stopped.signal.addEventListener('abort', () => reject(new Error('stopped'))))
    }
    const first = withStack(means, wanted, hangs, work(stopped.signal), async () => 'first')
    await begun.promise
    const second = withStack(
      means,
      wanted,
      async () => ({}),
      work(),
      async () => 'second',
    )
    stopped.abort()
    await assert.rejects(first, /stopped/)
    assert.equal(await second, 'second')
    assert.deepEqual(machine.traces().inits, [])
    await assert.rejects(
      withStack(
        means,
        { ...wanted, apps: ['bad@1'] },
        async () => assert.fail('no such package'),
        work(),
        async () => null,
      ),
      /no such package/,
    )
    assert.deepEqual(machine.traces(), { areas: [], cgroups: [], links: [], inits: [], filtered: [] })
  })

  it('that is cut off by the end of the daemon leaves nothing that the next one does not remove', async () => {
    await using machine = await world()
    const node = await machine.boot()
    const wanted = await combination(node)
    const begun = Promise.withResolvers<void>()
    void withStack(
      node.daemon.means,
      wanted,
      () => (begun.resolve(), new Promise(() => undefined)),
      work(),
      async () => null,
    )
    await begun.promise
    assert.equal(machine.traces().inits.length, 1)
    node.kill()
    const next = await machine.boot()
    assert.deepEqual(machine.traces(), { areas: [], cgroups: [], links: [], inits: [], filtered: [] })
    assert.deepEqual((await next.client.vpsList()).vps, [])
    assert.equal(await next.daemon.means.vzfs.layers.show(stackName(wanted)), null)
  })
})

describe('applications of a stopped VPS', () => {
  it('are a layer below its files, or packages in them where those are in the way; it cannot be started meanwhile', async () => {
    await using machine = await world()
    const node = await machine.boot()
    const { means } = node.daemon
    const names = ['fits', 'changed']
    for (const name of names) await node.client.vpsCreate({ ...WAIT, body: { name, template: 'micro' } })
    const [fits = 0, changed = 0] = names.map((name) => means.inventory.find(name).id)
    machine.vzfs.obstacles.add(changed)
    const ran: string[] = []
    const install: Install = async (inside) => {
      await inside.run(['true'])
      ran.push(...machine.traces().inits)
      if (!machine.traces().inits.includes(`${changed}`)) return {}
      const start = await node.send('POST', '/v1/vps/changed/start', {})
      ran.push(`${start.status}`)
      return {}
    }
    assert.equal(await means.tasks.exclusively(fits, () => put(means, fits, APPS, install)), 'layer')
    assert.deepEqual(means.inventory.get(fits)?.layers, [
      stackName(await combination(node)),
      ...(await combination(node)).template.layers,
    ])
    ran.length = 0
    assert.equal(await means.tasks.exclusively(changed, () => put(means, changed, APPS, install)), 'packages')
    assert.deepEqual(ran, [`${changed}`, '409'])
    assert.deepEqual(machine.traces().inits, [])
    await node.client.vpsStart({ params: { vps: 'changed' }, ...WAIT })
    assert.equal(means.inventory.get(changed)?.state, 'running')
    assert.equal(await means.tasks.exclusively(fits, () => put(means, fits, [], install)), 'layer')
    assert.deepEqual(means.inventory.get(fits)?.layers, (await combination(node)).template.layers)
  })

  it('that were being installed when the daemon ended leave the VPS stopped', async () => {
    await using machine = await world()
    const node = await machine.boot()
    const { means } = node.daemon
    await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro' } })
    const { id } = means.inventory.find('web')
    machine.vzfs.obstacles.add(id)
    const begun = Promise.withResolvers<void>()
    let calls = 0
    void put(
      means,
      id,
      APPS,
      () => (++calls === 2 && begun.resolve(), calls === 2 ? new Promise(() => undefined) : Promise.resolve({})),
    )
    await begun.promise
    node.kill()
    const next = await machine.boot()
    assert.deepEqual(machine.traces().inits, [])
    const vps = next.daemon.means.inventory.find('web')
    assert.deepEqual([vps.state, vps.waits, vps.problem], ['stopped', false, null])
    await next.client.vpsStart({ params: { vps: 'web' }, ...WAIT })
    assert.equal(next.daemon.means.inventory.find('web').state, 'running')
  })
})
