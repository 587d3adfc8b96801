/** Files of a stopped VPS that its administrator has mounted: nothing else touches them until they are unmounted. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { VpsMounted } from '@insula/contract'
import { openWorld, type SimNode, type World } from './world.ts'

const WAIT = { query: { wait: 20 } }
const WEB = { params: { vps: 'web' }, ...WAIT }

async function stopped(options?: Parameters<typeof openWorld>[0]): Promise<{ world: World; node: SimNode }> {
  const world = await openWorld(options)
  const node = await world.boot()
  await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro' } })
  return { world, node }
}

async function mount({ client }: SimNode, body: { write?: boolean } = {}): Promise<VpsMounted> {
  const { task } = await client.vpsMount({ ...WEB, body })
  assert.equal(task.state, 'done', task.error?.message)
  return task.result as VpsMounted
}

const failing = async (asked: Promise<{ task: { error: { message: string } | null } }>): Promise<string> => {
  const answer = await asked.catch((error: Error) => ({ task: { error } }))
  return answer.task.error?.message ?? 'it was done'
}

describe('files of a VPS on the node', () => {
  it('are mounted and unmounted, and meanwhile whatever would touch them is refused by the name of the place', async () => {
    const { world, node } = await stopped()
    await using _ = world
    const { client } = node
    await client.snapshotCreate({ ...WEB, body: { name: 'before' } })
    const { path } = await mount(node, { write: true })
    assert.equal(world.machine.mounts.get(`${path}/etc/passwd`)?.owner, 0)
    const says = `its files are mounted at ${path}`
    for (const asked of [
      () => client.vpsStart(WEB),
      () => client.vpsDestroy(WEB),
      () => client.snapshotCreate({ ...WEB, body: { name: 'now' } }),
      () => client.snapshotRollback({ params: { vps: 'web', snapshot: 'before' }, ...WAIT }),
      () => client.vpsClone({ ...WEB, body: { name: 'copy' } }),
      () => client.vpsMount({ ...WEB, body: {} }),
    ])
      assert.ok((await failing(asked())).includes(says), `${asked.toString()}: ${await failing(asked())}`)
    await client.templateBuild({ ...WAIT, body: { name: 'micro' } })
    assert.ok((await failing(client.vpsRebase({ ...WEB, body: { template: 'micro' } }))).includes(says))
    assert.ok((await failing(client.vzfsRelink({ ...WAIT, body: { vps: ['web'] } }))).includes(says))
    assert.deepEqual(
      (await client.vzfsMounts({})).mounts.map((one) => one.path),
      [path],
    )
    await client.vpsUnmount(WEB)
    assert.deepEqual((await client.vzfsMounts({})).mounts, [])
    assert.equal(existsSync(path), false)
    assert.equal((await client.vpsStart(WEB)).task.state, 'done')
    assert.match(await failing(client.vpsMount({ ...WEB, body: {} })), /cannot mount the files of VPS "web": it is running/)
    assert.match(await failing(client.vpsUnmount(WEB)), /they are not mounted/)
  })

  it('that can only be read are copied by a snapshot', async () => {
    const { world, node } = await stopped()
    await using _ = world
    await mount(node)
    assert.equal((await node.client.snapshotCreate({ ...WEB, body: { name: 'now' } })).task.state, 'done')
    assert.match(await failing(node.client.vpsStart(WEB)), /its files are mounted/)
  })

  it('stay mounted when the daemon is killed, and are free when somebody else has unmounted them', async () => {
    const { world, node } = await stopped()
    await using _ = world
    const { path } = await mount(node)
    node.kill()
    const next = await world.boot()
    assert.match(await failing(next.client.vpsStart(WEB)), /its files are mounted/)
    world.hostMounts.unmount(path)
    assert.equal((await next.client.vpsStart(WEB)).task.state, 'done')
  })

  it('are not unmounted while a process has them, which is named; nor given back while they are mounted elsewhere', async () => {
    const { world, node } = await stopped()
    await using _ = world
    const { path } = await mount(node)
    world.hostMounts.busy.set(path, [{ pid: 4711, name: 'bash' }])
    assert.match(await failing(node.client.vpsUnmount(WEB)), /is in use by process bash \(4711\)/)
    world.hostMounts.busy.clear()
    const { upper } = await world.vzfs.areas.plan(101)
    world.hostMounts.held.add(upper)
    assert.match(await failing(node.client.vpsUnmount(WEB)), /is unmounted, but they are still in use/)
    assert.match(await failing(node.client.vpsStart(WEB)), /its files are mounted/)
    world.hostMounts.held.clear()
    assert.equal((await node.client.vpsStart(WEB)).task.state, 'done')
  })

  it('are not mounted for a VPS whose volume refuses, and nothing is left of it', async () => {
    const { world, node } = await stopped()
    await using _ = world
    world.machine.mounts.put(`${world.vzfs.path}/areas/101/work`, null)
    assert.match(await failing(node.client.vpsMount({ ...WEB, body: {} })), /ENOENT/)
    assert.deepEqual((await node.client.vzfsMounts({})).mounts, [])
  })
})
