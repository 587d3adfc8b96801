/** Updates of the system: what waits, whom they reach, when, and what a failure leaves. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AppResult, Task } from '@insula/contract'
import { updateClock } from '@insula/node/daemon'
import { packageManager } from './fakes/package-manager.ts'
import { openWorld, type SimNode, type World } from './world.ts'

const WAIT = { query: { wait: 20 } }
const NOON = new Date(2026, 10, 25, 12)

async function withTwoVersions(world: World): Promise<SimNode> {
  const node = await world.boot()
  const { client } = node
  await client.templateBuild({ ...WAIT, body: { name: 'debian-12' } })
  const make = (name: string, updates: string, start = true) =>
    client.vpsCreate({ ...WAIT, body: { name, template: 'debian-12', updates, start } })
  await make('follows', 'follow')
  await make('pinned', 'pinned')
  await make('nightly', '02:00-04:00')
  await make('off', 'follow', false)
  await client.templateBuild({ ...WAIT, body: { name: 'debian-12' } })
  return node
}

const outcomes = ({ result }: Task): [string, string, string | null][] =>
  (result as AppResult).vps.map(({ name, outcome, message }) => [name, outcome, message])

async function at({ client }: SimNode): Promise<Record<string, string>> {
  const { vps } = await client.vpsList()
  return Object.fromEntries(vps.map(({ name, template, updatedTo }) => [name, updatedTo ?? template]))
}

const [OLD, NEW] = ['debian-12@2026-01-01.1', 'debian-12@2026-01-01.2']

describe('updates', () => {
  it('wait for whoever has an earlier version, and reach all but the pinned', async () => {
    const { commands, state } = packageManager()
    await using world = await openWorld({ commands })
    const node = await withTwoVersions(world)
    const { client } = node
    const { updates } = await client.updateStatus()
    assert.deepEqual(
      updates.map(({ name, at: has, latest, packages, policy }) => [name, has, latest, packages, policy]),
      [
        ['follows', OLD, NEW, 1, 'follow'],
        ['pinned', OLD, NEW, 1, 'pinned'],
        ['nightly', OLD, NEW, 1, '02:00-04:00'],
        ['off', OLD, NEW, 1, 'follow'],
      ],
    )
    const planned = await client.updateApply({ ...WAIT, body: { select: { all: true }, dryRun: true } })
    assert.equal(outcomes(planned.task).filter(([, outcome]) => outcome === 'planned').length, 3)
    assert.ok(!state.calls.some((call) => call.includes('upgrade')))

    const { task } = await client.updateApply({ ...WAIT, body: { select: { template: 'debian-12' } } })
    assert.equal(task.state, 'done', task.error?.message)
    assert.deepEqual(outcomes(task), [
      ['follows', 'done', `1 packages, ${NEW}`],
      ['pinned', 'unchanged', `it is pinned to ${OLD}; by its name it is updated`],
      ['nightly', 'done', `1 packages, ${NEW}`],
      ['off', 'done', `moved to ${NEW}`],
    ])
    assert.deepEqual(await at(node), { follows: NEW, pinned: OLD, nightly: NEW, off: NEW })
    assert.equal((await client.vpsShow({ params: { vps: 'off' } })).vps.template, NEW)
    const again = await client.updateApply({ ...WAIT, body: { select: { vps: ['follows', 'pinned'] } } })
    assert.deepEqual(outcomes(again.task), [
      ['follows', 'unchanged', `it has the packages of ${NEW}`],
      ['pinned', 'done', `1 packages, ${NEW}`],
    ])
    assert.ok((await client.updateStatus()).updates.every(({ packages }) => packages === 0))
    // One set for all that have the same, and it is no app.
    assert.deepEqual(
      (await node.daemon.means.apps.updates()).map((one) => one.updates),
      [NEW],
    )
    assert.deepEqual((await client.appList()).apps, [])
  })

  it('come by themselves to those that follow, and to others in their hours', async () => {
    const { commands } = packageManager()
    await using world = await openWorld({ commands })
    const node = await withTwoVersions(world)
    const look = updateClock(node.daemon.means)
    await look(NOON)
    assert.deepEqual(await at(node), { follows: NEW, pinned: OLD, nightly: OLD, off: NEW })
    await look(new Date(2026, 10, 26, 3))
    assert.deepEqual(await at(node), { follows: NEW, pinned: OLD, nightly: NEW, off: NEW })
  })

  it('that fail are told, leave the VPS at its version, and are tried again a day later', async () => {
    const { commands, state } = packageManager()
    await using world = await openWorld({ commands })
    const node = await withTwoVersions(world)
    const { client } = node
    await client.vpsDestroy({ params: { vps: 'off' }, ...WAIT })
    const look = updateClock(node.daemon.means)
    state.failUpgrade = 1
    await look(NOON)
    assert.equal((await at(node))['follows'], OLD)
    const tasks = async () => (await client.taskList()).tasks.filter(({ kind }) => kind === 'update.apply')
    const [failed] = await tasks()
    assert.match(outcomes(failed ?? assert.fail())[0]?.[2] ?? '', /^cannot update VPS "follows": update failed: .*No space left/)
    await look(new Date(NOON.getTime() + 3_600_000))
    assert.equal((await tasks()).length, 1)
    await look(new Date(NOON.getTime() + 25 * 3_600_000))
    assert.equal((await at(node))['follows'], NEW)
  })

  it('are refused where there are none, and what they say is kept by a rollback', async () => {
    const { commands } = packageManager()
    await using world = await openWorld({ commands })
    const node = await withTwoVersions(world)
    const { client } = node
    await client.vpsStop({ params: { vps: 'follows' }, ...WAIT, body: { force: true } })
    await client.snapshotCreate({ params: { vps: 'follows' }, ...WAIT, body: { name: 'before' } })
    await client.vpsStart({ params: { vps: 'follows' }, ...WAIT })
    await client.updateApply({ ...WAIT, body: { select: { vps: ['follows'] } } })
    assert.equal((await at(node))['follows'], NEW)
    await client.vpsStop({ params: { vps: 'follows' }, ...WAIT, body: { force: true } })
    await client.snapshotRollback({ params: { vps: 'follows', snapshot: 'before' }, ...WAIT })
    assert.equal((await at(node))['follows'], OLD)
    await client.templateBuild({ ...WAIT, body: { name: 'micro' } })
    await client.vpsCreate({ ...WAIT, body: { name: 'tiny', template: 'micro@2026-01-01.1', start: true } })
    await client.templateBuild({ ...WAIT, body: { name: 'micro' } })
    const { task } = await client.updateApply({ ...WAIT, body: { select: { vps: ['tiny'] } } })
    assert.match(outcomes(task)[0]?.[2] ?? '', /there are no updates of micro: it has no package manager that is known/)
  })
})
