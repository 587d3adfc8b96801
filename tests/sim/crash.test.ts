/**
 * The daemon is cut off, as by SIGKILL, at every call that it makes while it creates, starts, changes, stops and destroys: before the call has an effect
 * and after. The next daemon finds the same machine and the same database; nothing may be left over, nothing that ran may stop, and the
 * next command has to work.
 */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isTransient } from '@insula/model'
import { openWorld, type SimNode, type World } from './world.ts'

const WAIT = { query: { wait: 10 } } as const
const of = (vps: string) => ({ params: { vps } })

type Step = (node: SimNode) => Promise<unknown>

interface Operation {
  /** Brings "victim" to where the operation begins. */
  readonly prepare: readonly Step[]
  /** Asked for without waiting for its end. */
  readonly ask: Step
  /** States "victim" may be in when all is settled; null: it is gone. */
  readonly ends: readonly (string | null)[]
}

const create: Step = (node) =>
  node.client.vpsCreate({ ...WAIT, body: { name: 'victim', template: 'micro', addresses: ['auto'] } })
const start: Step = (node) => node.client.vpsStart({ ...of('victim'), ...WAIT })
const snapshot: Step = (node) => node.client.snapshotCreate({ ...of('victim'), ...WAIT, body: { name: 'then' } })
const suspend: Step = (node) => node.client.vpsSuspend({ ...of('victim'), ...WAIT })

const OPERATIONS: Readonly<Record<string, Operation>> = {
  create: {
    prepare: [],
    ask: (node) => node.client.vpsCreate({ body: { name: 'victim', template: 'micro', addresses: ['auto'] } }),
    ends: [null, 'stopped'],
  },
  'create and start': {
    prepare: [],
    ask: (node) => node.client.vpsCreate({ body: { name: 'victim', template: 'micro', addresses: ['auto'], start: true } }),
    ends: [null, 'stopped', 'running'],
  },
  start: { prepare: [create], ask: (node) => node.client.vpsStart(of('victim')), ends: ['stopped', 'running'] },
  stop: {
    prepare: [create, start],
    ask: (node) => node.client.vpsStop({ ...of('victim'), body: {} }),
    ends: ['stopped', 'running'],
  },
  'stop while suspended': {
    prepare: [create, start, suspend],
    ask: (node) => node.client.vpsStop({ ...of('victim'), body: {} }),
    ends: ['stopped', 'suspended'],
  },
  restart: { prepare: [create, start], ask: (node) => node.client.vpsRestart({ ...of('victim'), body: {} }), ends: ['running'] },
  suspend: { prepare: [create, start], ask: (node) => node.client.vpsSuspend(of('victim')), ends: ['running', 'suspended'] },
  resume: {
    prepare: [create, start, suspend],
    ask: (node) => node.client.vpsResume(of('victim')),
    ends: ['running', 'suspended'],
  },
  change: {
    prepare: [create, start],
    ask: (node) =>
      node.client.vpsChange({ ...of('victim'), body: { addresses: ['10.77.0.200'], limits: { pids: 99 }, dns: ['192.0.2.1'] } }),
    ends: ['running'],
  },
  snapshot: {
    prepare: [create, start],
    ask: (node) => node.client.snapshotCreate({ ...of('victim'), body: { name: 'now' } }),
    ends: ['running'],
  },
  rollback: {
    prepare: [create, snapshot],
    ask: (node) => node.client.snapshotRollback({ params: { vps: 'victim', snapshot: 'then' } }),
    ends: ['stopped'],
  },
  // The clone is the victim of what comes after.
  clone: {
    prepare: [create, snapshot, (node) => node.client.vpsRename({ ...of('victim'), ...WAIT, body: { name: 'original' } })],
    ask: (node) => node.client.vpsClone({ ...of('original'), body: { name: 'victim', snapshot: 'then' } }),
    ends: [null, 'stopped'],
  },
  destroy: { prepare: [create], ask: (node) => node.client.vpsDestroy(of('victim')), ends: [null, 'stopped'] },
  'destroy by force': {
    prepare: [create, start],
    ask: (node) => node.client.vpsDestroy({ ...of('victim'), query: { force: true } }),
    ends: [null, 'running', 'stopped'],
  },
}
/** No operation makes so many calls. */
const MOST_CALLS = 60

for (const [name, { prepare, ask, ends }] of Object.entries(OPERATIONS)) {
  describe(`a daemon that is killed during "${name}"`, () => {
    for (const when of ['before', 'after'] as const) {
      it(`leaves nothing behind: each call cut off ${when} it took effect`, async () => {
        let calls = 0
        for (let at = 1; at <= MOST_CALLS; at += 1) {
          await using world = await openWorld()
          const cut = await cutAt(world, at, when, prepare, ask)
          if (cut === null) break
          calls = at
          await recovers(world, ends).catch((error: unknown) => {
            throw new Error(`${when} call ${at}, ${cut}: ${(error as Error).message}`, { cause: error })
          })
        }
        assert.ok(calls > 0 && calls < MOST_CALLS, `${calls} calls were cut off`)
      })
    }
  })
}

/** The call at which the daemon was cut off; null when the operation was through before. */
async function cutAt(
  world: World,
  at: number,
  when: 'before' | 'after',
  prepare: readonly Step[],
  ask: Step,
): Promise<string | null> {
  const node = await world.boot()
  await node.client.vpsCreate({ ...WAIT, body: { name: 'bystander', template: 'micro', addresses: ['auto'], start: true } })
  for (const step of prepare) await step(node)
  node.gate.arm(at, when)
  const asked = ask(node)
  // Cut off before it answered, it never will.
  asked.catch(() => undefined)
  await Promise.race([asked, node.gate.cut])
  const cut = await Promise.race([node.gate.cut, idle(node).then(() => null)])
  node.kill()
  return cut
}

async function recovers(world: World, ends: readonly (string | null)[]): Promise<void> {
  const bystander = world.keeper.launched.get('101')
  const node = await world.boot()
  await idle(node)
  const { vps } = await node.client.vpsList()
  const [neighbour, victim] = [vps.find(({ name }) => name === 'bystander'), vps.find(({ name }) => name === 'victim')]
  assert.equal(neighbour?.state, 'running', 'the bystander does not run')
  assert.equal(world.keeper.launched.get('101'), bystander, 'the bystander was started anew')
  assert.ok(ends.includes(victim?.state ?? null), `the victim is ${victim?.state ?? 'gone'}`)
  assert.equal(victim?.problem ?? null, null)

  const ids = vps.map(({ id }) => `${id}`)
  const up = vps.filter(({ state }) => state === 'running' || state === 'suspended').map(({ id }) => `${id}`)
  assert.deepEqual(world.traces(), { areas: ids, cgroups: up, links: up, inits: up, filtered: up })
  for (const { id, pid, addresses, limits, dns } of vps.filter(({ state }) => state === 'running')) {
    assert.equal(world.keeper.keep.list().find((kept) => kept.id === `${id}`)?.pid, pid, 'the record names another init')
    // What is on record holds, whether the change came through or not.
    assert.equal(world.cgroups.groups.get(`insula-sim/${id}`)?.limits?.pids, limits.pids)
    assert.deepEqual(
      [...(world.links.pairs.get(`${world.instance.linkPrefix}.${id}`)?.routes.keys() ?? [])],
      addresses.map((address) => `${address}/32`),
    )
    assert.equal(world.keeper.file(`${id}`, '/etc/resolv.conf'), `nameserver ${dns[0] ?? '192.0.2.53'}\n`)
    assert.deepEqual((JSON.parse(world.vzfs.records.get(id) ?? '{}') as { limits?: unknown }).limits, limits)
  }

  if (!victim) await create(node)
  const { task } = await node.client.vpsDestroy({ ...of('victim'), query: { wait: 10, force: true } })
  assert.equal(task.state, 'done', `the next command failed: ${task.error?.message}`)
  if (vps.some(({ name }) => name === 'original')) await node.client.vpsDestroy({ ...of('original'), ...WAIT })
  assert.deepEqual(world.traces(), { areas: ['101'], cgroups: ['101'], links: ['101'], inits: ['101'], filtered: ['101'] })
}

/** No task waits or runs, and no VPS is on its way. */
async function idle({ client, gate }: SimNode): Promise<void> {
  const cut = gate.cut.then(() => true)
  for (let tries = 0; tries < 500; tries += 1) {
    if (await Promise.race([cut, sleep(2, false)])) return
    const [{ tasks }, { vps }] = await Promise.all([client.taskList(), client.vpsList()])
    if (tasks.every(({ endedAt }) => endedAt !== null) && vps.every(({ state }) => !isTransient(state))) return
  }
  assert.fail('tasks do not come to an end')
}
