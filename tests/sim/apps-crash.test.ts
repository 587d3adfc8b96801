/** The daemon is cut off at every call that it makes while apps are put into stopped VPSs or come with new ones: what was begun is finished, or never was. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Vps } from '@insula/contract'
import { packageManager } from './fakes/package-manager.ts'
import { openWorld, type SimNode, type World } from './world.ts'

const WAIT = { query: { wait: 10 } } as const
const SELECT = { app: 'web', select: { vps: ['victim'] } }
const MOST_CALLS = 200

type Step = (node: SimNode, world: World, inside: ReturnType<typeof packageManager>['state']) => Promise<unknown>

interface Operation {
  readonly prepare: readonly Step[]
  readonly ask: Step
  /** What it has in the end, if the operation has begun; null: there is no VPS. */
  readonly ends: readonly (string | null)[]
  /** Packages are its own: nothing is done to them of which the record in its private area does not know. */
  readonly private?: true
}

const create: Step = ({ client }) => client.vpsCreate({ ...WAIT, body: { name: 'victim', template: 'micro' } })
const add: Step = ({ client }) => client.appAdd({ ...WAIT, body: SELECT })
/** Its own files are in the way of the shared layer, which is there already: what is installed then is installed in them. */
const obstruct: Step = async (node, world, inside) => {
  await node.client.vpsCreate({ ...WAIT, body: { name: 'other', template: 'micro', apps: [{ app: 'web' }] } })
  await node.client.vpsDestroy({ params: { vps: 'other' }, query: { wait: 10, force: true } })
  inside.installed = false
  world.vzfs.obstacles.add(node.daemon.means.inventory.find('victim').id)
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  'an app is put below a stopped VPS': {
    prepare: [create],
    ask: ({ client }) => client.appAdd({ body: SELECT }),
    ends: ['', 'web pending layer'],
  },
  'an app is put into its own files': {
    prepare: [create, obstruct],
    ask: ({ client }) => client.appAdd({ body: SELECT }),
    ends: ['', 'web pending packages'],
    private: true,
  },
  'an app is taken from its own files': {
    prepare: [create, obstruct, add],
    ask: ({ client }) => client.appRemove({ body: SELECT }),
    ends: ['web pending packages', ''],
    private: true,
  },
  'an app is taken from below it': {
    prepare: [create, add],
    ask: ({ client }) => client.appRemove({ body: SELECT }),
    ends: ['web pending layer', ''],
  },
  'a VPS with an app is created and started': {
    prepare: [],
    ask: ({ client }) => client.vpsCreate({ body: { name: 'victim', template: 'micro', apps: [{ app: 'web' }], start: true } }),
    ends: [null, 'web pending layer', 'web ready layer'],
  },
  'it boots and is configured': {
    prepare: [create, add],
    ask: ({ client }) => client.vpsStart({ params: { vps: 'victim' } }),
    ends: ['web pending layer', 'web ready layer'],
  },
}

for (const [name, { prepare, ask, ends, private: isPrivate }] of Object.entries(OPERATIONS))
  describe(`a daemon that is killed while ${name}`, () => {
    // Before the next one is as after this one.
    it('leaves no half of it: cut off after each call', async () => {
      let calls = 0
      let least = 0
      for (let at = 1; at <= MOST_CALLS; at += 1) {
        const inside = packageManager()
        await using world = await openWorld({ commands: inside.commands })
        const node = await world.boot()
        await node.client.templateBuild({ ...WAIT, body: { name: 'web' } })
        for (const step of prepare) await step(node, world, inside.state)
        node.gate.arm(at, 'after')
        const asked = ask(node, world, inside.state)
        asked.catch(() => undefined)
        await Promise.race([asked, node.gate.cut])
        const cut = await Promise.race([node.gate.cut, idle(node).then(() => null)])
        node.kill()
        if (isPrivate) knows(world, inside.state.installed, cut)
        if (cut === null) break
        calls = at
        const end = await recovers(world, ends).catch((error: unknown) => {
          throw new Error(`after call ${at}, ${cut}: ${(error as Error).message}`, { cause: error })
        })
        // What had been begun by then is not forgotten when more had been done.
        assert.ok(end >= least, `after call ${at}, ${cut}: it has ended at "${ends[end]}", and before at "${ends[least]}"`)
        least = end
      }
      assert.ok(calls > 0 && calls < MOST_CALLS, `${calls} calls were cut off`)
      assert.equal(ends[least], ends.at(-1), 'one that was cut off at its end is finished')
    })
  })

function knows(world: World, isInstalled: boolean, cut: string | null): void {
  const records = [...world.vzfs.records.values()].map((text) => JSON.parse(text) as Vps)
  const app = records.find(({ name }) => name === 'victim')?.apps.find(({ name }) => name === 'web')
  const isKnown = isInstalled ? app !== undefined : app === undefined || ['adding', 'removing'].includes(app.state)
  assert.ok(
    isKnown,
    `after ${cut}: it ${isInstalled ? 'is' : 'is not'} installed, and the record says ${app?.state ?? 'nothing'}`,
  )
}

/** @returns at which of the ends it has ended */
async function recovers(world: World, ends: Operation['ends']): Promise<number> {
  const node = await world.boot()
  await idle(node)
  const { vps } = await node.client.vpsList()
  const [victim] = vps
  const found = victim ? victim.apps.map(({ name, state, how }) => `${name} ${state} ${how}`).join() : null
  assert.ok(ends.includes(found), `it has "${found}"`)
  assert.equal(victim?.problem ?? null, null)
  // Done by another task that happens to come by is not gone on with.
  const { tasks } = await node.client.taskList()
  const unfinished = tasks.filter(({ kind, state }) => kind.startsWith('app.') && state !== 'done')
  assert.deepEqual(
    unfinished.map(({ kind, state, error }) => [kind, state, error?.message]),
    [],
  )
  const ids = vps.map(({ id }) => `${id}`)
  const up = vps.filter(({ state }) => state === 'running').map(({ id }) => `${id}`)
  const { areas, cgroups, inits } = world.traces()
  assert.deepEqual({ areas, cgroups, inits }, { areas: ids, cgroups: up, inits: up })
  if (!victim) return ends.indexOf(found)
  const record = node.daemon.means.inventory.find('victim')
  assert.equal(record.waits, false)
  // Its layers are those of what it has.
  assert.equal(record.layers.length, found !== null && found.endsWith('layer') ? 2 : 1)
  assert.deepEqual((await node.daemon.means.vzfs.areas.show(record.id))?.layers, record.layers)
  await node.client.vpsDestroy({ params: { vps: 'victim' }, query: { wait: 10, force: true } })
  assert.deepEqual(world.traces().areas, [])
  return ends.indexOf(found)
}

async function idle({ client, gate }: SimNode): Promise<void> {
  const cut = gate.cut.then(() => true)
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (await Promise.race([cut, sleep(2, false)])) return
    const { tasks } = await client.taskList()
    if (tasks.every(({ endedAt }) => endedAt !== null)) return
  }
  assert.fail('tasks do not come to an end')
}
