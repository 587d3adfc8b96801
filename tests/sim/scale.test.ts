/** A node with 200 running VPSs. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openWorld, type SimNode, type World } from './world.ts'

const COUNT = 200

describe(`a node with ${COUNT} running VPSs`, () => {
  let world: World
  let node: SimNode
  before(async () => {
    world = await openWorld({ config: { addressPool: '10.77.0.0/16' } })
    node = await world.boot()
    const bodies = Array.from({ length: COUNT }, (_, index) => ({
      name: `vps-${index}`,
      template: 'micro',
      addresses: ['auto' as const],
      start: true,
    }))
    const answers = await Promise.all(bodies.map((body) => node.client.vpsCreate({ query: { wait: 120 }, body })))
    assert.ok(answers.every(({ task }) => task.state === 'done'))
  })
  after(() => world[Symbol.asyncDispose]())

  it('lists them within 20 ms', async () => {
    const took: number[] = []
    for (let round = 0; round < 20; round += 1) {
      const began = performance.now()
      const { vps } = await node.client.vpsList()
      took.push(performance.now() - began)
      assert.equal(vps.length, COUNT)
    }
    // The quickest: what it takes when nothing else wants the CPU.
    assert.ok(Math.min(...took) < 20, `${Math.min(...took).toFixed(1)} ms at best`)
  })

  it('finds them all again after the daemon was killed, and starts none anew', async () => {
    const launched = new Map(world.keeper.launched)
    node.kill()
    node = await world.boot()
    const { vps } = await node.client.vpsList()
    assert.ok(vps.every(({ state }) => state === 'running'))
    assert.ok([...launched].every(([id, spec]) => world.keeper.launched.get(id) === spec))
  })

  it('stops and destroys them all at once, and has nothing left', async () => {
    const gone = await Promise.all(
      Array.from({ length: COUNT }, (_, index) =>
        node.client.vpsDestroy({ params: { vps: `vps-${index}` }, query: { wait: 120, force: true } }),
      ),
    )
    assert.deepEqual(
      gone.filter(({ task }) => task.state !== 'done').map(({ task }) => task.error),
      [],
    )
    assert.deepEqual(world.traces(), { areas: [], cgroups: [], links: [], inits: [], filtered: [] })
  })
})
