/** Labels and plans: what a VPS carries, what chooses it, and what keeps it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AppResult, RelinkResult, VpsChange } from '@insula/contract'
import { packageManager } from './fakes/package-manager.ts'
import { openWorld } from './world.ts'

const WAIT = { query: { wait: 20 } }

describe('VPSs are chosen', () => {
  it('by labels, plan, template and app, all of which must hold', async () => {
    const { commands } = packageManager()
    await using world = await openWorld({ commands })
    const { client } = await world.boot()
    const made = [
      ['one', { role: 'web', paid: 'yes' }, 'gold'],
      ['two', { role: 'web' }, null],
      ['three', { role: 'db' }, 'gold'],
      ['four', {}, null],
    ] as const
    for (const [name, labels, plan] of made)
      await client.vpsCreate({ ...WAIT, body: { name, template: 'micro', labels, plan, start: true } })
    const listed = async (query: Parameters<typeof client.vpsList>[0]) =>
      (await client.vpsList(query)).vps.map(({ name }) => name).join(' ')
    assert.equal(await listed({ query: { labels: 'role=web' } }), 'one two')
    assert.equal(await listed({ query: { labels: 'role' } }), 'one two three')
    assert.equal(await listed({ query: { labels: 'role=web,paid' } }), 'one')
    assert.equal(await listed({ query: { plan: 'gold', labels: 'role' } }), 'one three')
    assert.equal(await listed({ query: { labels: 'constructor' } }), '')
    assert.equal(await listed({ query: { template: 'micro', plan: 'gold' } }), 'one three')
    assert.equal(await listed({ query: { template: 'micro@1999-01-01.1' } }), '')

    await client.templateBuild({ ...WAIT, body: { name: 'web' } })
    const { task } = await client.appAdd({ ...WAIT, body: { app: 'web', select: { labels: ['role=web'], template: 'micro' } } })
    const done = (result: unknown) => (result as AppResult).vps.map(({ name, outcome }) => `${name}: ${outcome}`).join(', ')
    assert.equal(done(task.result), 'one: done, two: done')
    assert.equal(await listed({ query: { app: 'web' } }), 'one two')
    const removed = await client.appRemove({ ...WAIT, body: { app: 'web', select: { app: 'web', plan: 'gold' } } })
    assert.equal(done(removed.task.result), 'one: done')
    const updated = await client.updateApply({ ...WAIT, body: { select: { plan: 'gold' }, dryRun: true } })
    assert.match(done(updated.task.result), /^one: \w+, three: \w+$/)
    const relinked = await client.vzfsRelink({ ...WAIT, body: { labels: ['role=db'] } })
    assert.deepEqual(
      (relinked.task.result as RelinkResult).marked.map(({ name }) => name),
      ['three'],
    )
    const none = await client.appAdd({ ...WAIT, body: { app: 'web', select: { plan: 'silver' } } })
    assert.deepEqual((none.task.result as AppResult).vps, [])
  })

  it('by what was changed, also after a kill of the daemon; a clone has the same', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const shown = async (client: typeof node.client) => {
      const { labels, plan } = (await client.vpsShow({ params: { vps: 'one' } })).vps
      return { labels, plan }
    }
    await node.client.vpsCreate({ ...WAIT, body: { name: 'one', template: 'micro', labels: { role: 'web', trial: '1' } } })
    const change = (body: VpsChange) => node.client.vpsChange({ params: { vps: 'one' }, ...WAIT, body })
    await change({ labels: { trial: null, place: 'r1/2' }, plan: 'gold' })
    const wanted = { labels: { place: 'r1/2', role: 'web' }, plan: 'gold' }
    assert.deepEqual(await shown(node.client), wanted)
    await change({ bootOrder: 7 })
    assert.deepEqual(await shown(node.client), wanted)
    const copy = JSON.parse(world.vzfs.records.get(101) ?? '') as { labels: unknown; plan: unknown }
    assert.deepEqual({ labels: copy.labels, plan: copy.plan }, wanted)
    await node.client.vpsClone({ params: { vps: 'one' }, ...WAIT, body: { name: 'copy' } })
    assert.deepEqual((await node.client.vpsList({ query: { labels: 'role=web', plan: 'gold' } })).vps.length, 2)
    node.kill()
    const next = await world.boot()
    assert.deepEqual(await shown(next.client), wanted)
    await next.client.vpsChange({ params: { vps: 'one' }, ...WAIT, body: { plan: null } })
    assert.equal((await shown(next.client)).plan, null)
  })
})
