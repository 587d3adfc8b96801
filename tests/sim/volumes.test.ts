/** Several volumes on one node, over the API: they come, go, are missing and come back; VPSs lie on them, are copied and moved between them. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import type { Task } from '@insula/contract'
import { openWorld, type SimNode, type World } from './world.ts'

const WAIT = { query: { wait: 10 } } as const
const of = (vps: string) => ({ params: { vps } })

const done = ({ task }: { task: Task }): Task => {
  assert.equal(task.state, 'done', JSON.stringify(task.error))
  return task
}

async function add(world: World, node: SimNode, name: string): Promise<string> {
  const directory = world.newDisk(name)
  done(await node.client.volumeAdd({ ...WAIT, body: { name, directory } }))
  return directory
}

const create = (node: SimNode, name: string, volume?: string) =>
  node.client.vpsCreate({ ...WAIT, body: { name, template: 'micro', addresses: ['auto'], ...(volume ? { volume } : {}) } })

const volumeOf = async (node: SimNode, vps: string): Promise<string> => (await node.client.vpsShow(of(vps))).vps.volume

it('a volume is added and used while the node runs, stays over a restart, and is removed when nothing lies on it', async () => {
  await using world = await openWorld()
  let node = await world.boot()
  const ssd = await add(world, node, 'ssd')
  assert.deepEqual(
    (await node.client.volumeList()).volumes.map(({ name, path, first, present }) => [name, path, first, present]),
    [
      ['default', world.instance.volume, true, true],
      ['ssd', ssd, false, true],
    ],
  )
  done(await create(node, 'web'))
  done(await create(node, 'fast', 'ssd'))
  assert.deepEqual([await volumeOf(node, 'web'), await volumeOf(node, 'fast')], ['default', 'ssd'])
  assert.deepEqual([...(world.disks.get(ssd)?.records.keys() ?? [])], [102])
  const { vps, volumes, templates } = await node.client.vzfsDf()
  assert.deepEqual(
    [vps.map((one) => [one.name, one.volume]), volumes.map(({ name, path }) => [name, path]), templates[0]?.users],
    [
      [
        ['web', 'default'],
        ['fast', 'ssd'],
      ],
      [
        ['default', world.instance.volume],
        ['ssd', ssd],
      ],
      2,
    ],
  )
  assert.match(await node.client.metrics(), /^insula_volume_present\{volume="ssd"\} 1$/m)

  await node.stop()
  node = await world.boot()
  done(await node.client.vpsStart({ ...of('fast'), ...WAIT }))
  await assert.rejects(node.client.volumeRemove({ params: { volume: 'ssd' }, ...WAIT }), {
    code: 'conflict',
    message: /a VPS lies on it: fast$/,
  })
  done(await node.client.vpsDestroy({ ...of('fast'), query: { wait: 10, force: true } }))
  await world.disks.get(ssd)?.layers.build('made-here@1', '')
  done(await node.client.volumeRemove({ params: { volume: 'ssd' }, ...WAIT }))
  assert.ok(await world.vzfs.layers.show('made-here@1'), 'what no other volume has is not lost')
  assert.equal(existsSync(join(ssd, 'volume.json')), false)
  await assert.rejects(node.client.volumeRemove({ params: { volume: 'ssd' }, ...WAIT }), { code: 'not_found' })
  await assert.rejects(node.client.volumeRemove({ params: { volume: 'default' }, ...WAIT }), { code: 'conflict' })
  done(await node.client.volumeAdd({ ...WAIT, body: { name: 'ssd', directory: ssd } }))
})

it('the grace time of a volume is its own, and refused where limits do not hold', async () => {
  await using world = await openWorld()
  const node = await world.boot()
  await add(world, node, 'ssd')
  const graces = async () => (await node.client.volumeList()).volumes.map(({ grace }) => grace)
  const week = { bytes: 604_800, inodes: 604_800 }
  assert.deepEqual(await graces(), [week, week])
  const change = (volume: string, grace: object) => node.client.volumeChange({ params: { volume }, body: { grace } })
  await change('ssd', { inodes: 60 })
  assert.deepEqual(await graces(), [week, { ...week, inodes: 60 }])
  await assert.rejects(change('ssd', { bytes: 0 }), { code: 'invalid_request' })
  await assert.rejects(change('nowhere', { bytes: 60 }), { code: 'not_found' })
  await using other = await openWorld({ quota: [] })
  const without = await other.boot()
  assert.equal((await without.client.volumeList()).volumes[0]?.grace, null)
  await assert.rejects(without.client.volumeChange({ params: { volume: 'default' }, body: { grace: { bytes: 60 } } }), {
    code: 'unsupported',
    message: /cannot set the grace times of the volume "default"/,
  })
})

it('a layer is copied to a volume once, however many are created there at once', async () => {
  await using world = await openWorld()
  const node = await world.boot()
  await add(world, node, 'ssd')
  for (const task of await Promise.all(['a', 'b', 'c'].map((name) => create(node, name, 'ssd')))) done(task)
  assert.deepEqual(world.copied, ['micro@2026-01-01.1'])
  done(await create(node, 'd', 'ssd'))
  assert.equal(world.copied.length, 1)
  // What is removed is removed everywhere.
  for (const name of ['a', 'b', 'c', 'd']) done(await node.client.vpsDestroy({ ...of(name), ...WAIT }))
  done(await node.client.templateRemove({ params: { template: 'micro' }, ...WAIT }))
  assert.deepEqual(await Promise.all([...world.disks.values()].map((disk) => disk.layers.list())), [[], []])
})

it('a disk that is gone keeps nobody else from working, and what lies on it goes on when it is back', async () => {
  await using world = await openWorld()
  let node = await world.boot()
  const ssd = await add(world, node, 'ssd')
  done(await create(node, 'web'))
  done(await create(node, 'fast', 'ssd'))
  await node.stop()
  renameSync(ssd, `${ssd}.away`)

  node = await world.boot()
  done(await node.client.vpsStart({ ...of('web'), ...WAIT }))
  const gone = /its volume ssd \(.*\) is not there: its directory holds no volume; mount the file system that belongs there/
  assert.match((await node.client.vpsShow(of('fast'))).vps.problem ?? '', gone)
  assert.equal((await node.client.vpsShow(of('web'))).vps.problem, null)
  const start = (await node.client.vpsStart({ ...of('fast'), ...WAIT })).task
  assert.deepEqual([start.state, start.error?.code], ['failed', 'unavailable'], JSON.stringify(start.error))
  assert.equal((await node.client.vpsDestroy({ ...of('fast'), ...WAIT })).task.error?.code, 'unavailable')
  await assert.rejects(create(node, 'other', 'ssd'), { code: 'unavailable' })
  await assert.rejects(node.client.volumeRemove({ params: { volume: 'ssd' }, ...WAIT }), { message: /lies on it: fast$/ })
  const { findings } = await node.client.doctor()
  const told = findings.find(({ subject }) => subject === 'volume ssd')
  assert.match(told?.message ?? '', /is not there: .*; what lies on it cannot be used: fast$/)
  assert.match(told?.remedy ?? '', /^mount what belongs there, then run `insula doctor --repair`; if it is lost for good: /)
  assert.match(await node.client.metrics(), /^insula_volume_present\{volume="ssd"\} 0$/m)

  renameSync(`${ssd}.away`, ssd)
  done(await node.client.doctorRepair(WAIT))
  done(await node.client.vpsStart({ ...of('fast'), ...WAIT }))
  assert.equal((await node.client.vpsShow(of('fast'))).vps.problem, null)
})

it('what lies on a disk that is lost is given up by force, and found if it comes back after all', async () => {
  await using world = await openWorld()
  let node = await world.boot()
  const ssd = await add(world, node, 'ssd')
  done(await create(node, 'fast', 'ssd'))
  await node.stop()
  renameSync(ssd, `${ssd}.away`)
  node = await world.boot()
  done(await node.client.vpsDestroy({ ...of('fast'), query: { wait: 10, force: true } }))
  done(await node.client.volumeRemove({ params: { volume: 'ssd' }, ...WAIT }))
  assert.deepEqual(
    (await node.client.volumeList()).volumes.map(({ name }) => name),
    ['default'],
  )

  renameSync(`${ssd}.away`, ssd)
  done(await node.client.volumeAdd({ ...WAIT, body: { name: 'ssd', directory: ssd } }))
  await assert.rejects(node.client.volumeRemove({ params: { volume: 'ssd' }, ...WAIT }), { message: /does not know: VPS 101$/ })
  done(await node.client.recover(WAIT))
  assert.equal(await volumeOf(node, 'fast'), 'ssd')
})

it('is not taken back when its ids were given to others meanwhile', async () => {
  await using world = await openWorld()
  let node = await world.boot()
  const ssd = await add(world, node, 'ssd')
  done(await create(node, 'fast', 'ssd'))
  await node.stop()
  renameSync(ssd, `${ssd}.away`)
  node = await world.boot()
  done(await node.client.vpsDestroy({ ...of('fast'), query: { wait: 10, force: true } }))
  done(await node.client.vpsCreate({ ...WAIT, body: { name: 'other', id: 200, template: 'micro' } }))
  renameSync(`${ssd}.away`, ssd)
  done(await node.client.doctorRepair(WAIT))
  const [, found] = (await node.client.volumeList()).volumes
  assert.match(found?.problem ?? '', /of VPS 101 with host ids from \d+, and VPS "other" has those host ids$/)
})

it('a lost database is rebuilt from all volumes', async () => {
  await using world = await openWorld()
  let node = await world.boot()
  await add(world, node, 'ssd')
  done(await create(node, 'web'))
  done(await create(node, 'fast', 'ssd'))
  await node.stop()
  for (const tail of ['', '-wal', '-shm']) rmSync(`${world.instance.database}${tail}`, { force: true })
  node = await world.boot()
  await assert.rejects(create(node, 'new'), { message: /have no record in the database/ })
  done(await node.client.recover(WAIT))
  assert.deepEqual([await volumeOf(node, 'web'), await volumeOf(node, 'fast')], ['default', 'ssd'])
  done(await node.client.vpsStart({ ...of('fast'), ...WAIT }))
})

it('a file is made for a volume, mounted when the daemon begins, and deleted with it', async () => {
  await using world = await openWorld()
  let node = await world.boot()
  const directory = world.newDisk('srv')
  done(await node.client.volumeAdd({ ...WAIT, body: { name: 'big', directory, size: 2 ** 30 } }))
  const image = join(directory, 'insula-sim-big.xfs')
  const path = join(world.instance.state, 'volumes/big')
  assert.deepEqual([world.volumes.images.get(image), await world.volumes.mounted(path)], [2 ** 30, true])
  done(await create(node, 'web', 'big'))
  await node.stop()
  // The machine was booted.
  await world.volumes.detach(path)
  node = await world.boot('second')
  assert.equal(await world.volumes.mounted(path), true)
  done(await node.client.vpsStart({ ...of('web'), ...WAIT }))
  done(await node.client.vpsDestroy({ ...of('web'), query: { wait: 10, force: true } }))
  done(await node.client.volumeRemove({ params: { volume: 'big' }, ...WAIT }))
  assert.deepEqual([world.volumes.images.size, await world.volumes.mounted(path)], [0, false])
})

it('one whose making or removal was cut off is gone at the next start, unless something lies there', async () => {
  await using world = await openWorld()
  let node = await world.boot()
  const directory = world.newDisk('srv')
  const ssd = await add(world, node, 'ssd')
  done(await node.client.volumeAdd({ ...WAIT, body: { name: 'big', directory, size: 2 ** 30 } }))
  await node.stop()
  const file = join(world.instance.state, 'volumes.json')
  const cut = (state: string): void =>
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"ready"', JSON.stringify(state)))
  // As if a private area lay there.
  mkdirSync(join(ssd, 'areas/7'), { recursive: true })
  cut('removing')
  node = await world.boot()
  assert.deepEqual(
    (await node.client.volumeList()).volumes.map(({ name, present }) => [name, present]),
    [
      ['default', true],
      ['ssd', true],
    ],
  )
  assert.equal(world.volumes.images.size, 0)
  await assert.rejects(node.client.volumeRemove({ params: { volume: 'ssd' }, ...WAIT }), { message: /does not know: VPS 7$/ })
})

it('what cannot be a volume is refused with the reason, and nothing is changed', async () => {
  await using world = await openWorld()
  const node = await world.boot()
  const ssd = await add(world, node, 'ssd')
  const [plain, foreign, old, ours] = ['plain', 'foreign', 'old', 'ours'].map((name) => world.newDisk(name)) as [
    string,
    string,
    string,
    string,
  ]
  const inner = world.newDisk('ssd/inner')
  writeFileSync(join(foreign, 'volume.json'), '{"node":"0000","name":"default"}')
  writeFileSync(join(ours, 'volume.json'), readFileSync(join(ssd, 'volume.json')))
  mkdirSync(join(old, 'areas'))
  const before = readFileSync(join(world.instance.state, 'volumes.json'), 'utf8')
  const refused = async (body: { name: string; directory: string; size?: number }, code: string, said: RegExp) => {
    const answer = await node.client.volumeAdd({ ...WAIT, body }).then(
      ({ task }) => task.error,
      (error: unknown) => error as { code: string; message: string },
    )
    assert.deepEqual([answer?.code, said.test(answer?.message ?? '')], [code, true], JSON.stringify(answer))
  }
  await refused({ name: 'ssd', directory: plain }, 'conflict', /there is one of that name/)
  await refused({ name: 'default', directory: plain }, 'conflict', /there is one of that name/)
  await refused({ name: 'Bad', directory: plain }, 'invalid_request', /./)
  await refused({ name: 'new', directory: 'relative' }, 'invalid_request', /./)
  await refused({ name: 'new', directory: '/nowhere' }, 'not_found', /there is no directory \/nowhere/)
  await refused({ name: 'new', directory: ssd }, 'conflict', /is the volume "ssd" already/)
  await refused({ name: 'new', directory: inner }, 'conflict', /lies in the volume "ssd"/)
  await refused({ name: 'new', directory: inner, size: 2 ** 30 }, 'conflict', /lies in the volume "ssd"/)
  world.places[plain] = { path: world.instance.state }
  await refused({ name: 'new', directory: plain }, 'conflict', /the volume "default" \(.*\) lies in /)
  world.places[plain] = { fsType: 'tmpfs' }
  await refused({ name: 'new', directory: plain }, 'unsupported', /lies on tmpfs, and a volume has to lie on XFS/)
  world.places[plain] = { readOnly: true }
  await refused({ name: 'new', directory: plain }, 'unsupported', /is mounted read-only/)
  await refused({ name: 'new', directory: foreign }, 'conflict', /is the volume "default" of another node or instance/)
  await refused({ name: 'new', directory: ours }, 'conflict', /is the volume "ssd" of this node/)
  await refused({ name: 'new', directory: old }, 'conflict', /is a volume of another installation/)
  await refused({ name: 'new', directory: plain, size: 2 ** 20 }, 'invalid_request', /are less than/)
  assert.equal(readFileSync(join(world.instance.state, 'volumes.json'), 'utf8'), before)
  assert.equal(existsSync(join(plain, 'volume.json')), false)
})

it('a volume that is full is refused', async () => {
  let full = false
  await using world = await openWorld({ full: () => full })
  const node = await world.boot()
  const directory = world.newDisk('ssd')
  full = true
  await assert.rejects(node.client.volumeAdd({ ...WAIT, body: { name: 'ssd', directory } }), { code: 'no_space' })
})

it('new VPSs lie on the first volume, or where most room is when that is configured; a clone lies where its original does', async () => {
  await using world = await openWorld({ config: { addressPool: '10.77.0.0/24', newVolume: 'most-room' } })
  const node = await world.boot()
  done(await create(node, 'before'))
  done(await node.client.volumeAdd({ ...WAIT, body: { name: 'huge', directory: world.newDisk('srv'), size: 2 ** 41 } }))
  done(await create(node, 'web'))
  assert.deepEqual([await volumeOf(node, 'before'), await volumeOf(node, 'web')], ['default', 'huge'])
  done(await node.client.vpsClone({ ...of('web'), ...WAIT, body: { name: 'twin' } }))
  assert.equal(await volumeOf(node, 'twin'), 'huge')
})

it('a VPS is cloned and moved to another volume, with what lies in it and its snapshots', async () => {
  await using world = await openWorld()
  const node = await world.boot()
  const ssd = await add(world, node, 'ssd')
  done(await create(node, 'web'))
  world.vzfs.words.set(101, 'first')
  done(await node.client.snapshotCreate({ ...of('web'), ...WAIT, body: { name: 'then' } }))
  world.vzfs.words.set(101, 'now')
  done(await node.client.vpsClone({ ...of('web'), ...WAIT, body: { name: 'twin', volume: 'ssd', snapshot: 'then' } }))
  assert.deepEqual([await volumeOf(node, 'twin'), world.disks.get(ssd)?.words.get(102)], ['ssd', 'first'])

  done(await node.client.vpsMount({ ...of('web'), ...WAIT, body: {} }))
  const mounted = (await node.client.vpsMove({ ...of('web'), ...WAIT, body: { volume: 'ssd' } })).task
  assert.match(mounted.error?.message ?? '', /its files are mounted at /)
  done(await node.client.vpsUnmount({ ...of('web'), ...WAIT }))

  done(await node.client.vpsMove({ ...of('web'), ...WAIT, body: { volume: 'ssd' } }))
  assert.deepEqual([await volumeOf(node, 'web'), world.disks.get(ssd)?.words.get(101)], ['ssd', 'now'])
  assert.deepEqual([...world.vzfs.records.keys()], [])
  assert.deepEqual(
    (await node.client.snapshotList(of('web'))).snapshots.map(({ name }) => name),
    ['then'],
  )
  assert.equal(JSON.parse(world.disks.get(ssd)?.records.get(101) ?? '{}').volume, 'ssd')
  done(await node.client.vpsStart({ ...of('web'), ...WAIT }))
  await assert.rejects(node.client.vpsMove({ ...of('web'), ...WAIT, body: { volume: 'default' } }), { code: 'conflict' })
  await assert.rejects(node.client.vpsMove({ ...of('twin'), ...WAIT, body: { volume: 'ssd' } }), {
    message: /lies there already/,
  })
  await assert.rejects(node.client.vpsMove({ ...of('twin'), ...WAIT, body: { volume: 'none' } }), { code: 'not_found' })
})

it('a move that is cut off at any call leaves the VPS whole on one volume, and nothing of it on the other', async () => {
  for (const when of ['before', 'after'] as const) {
    let ended = false
    for (let at = 1; !ended; at++) {
      assert.ok(at < 60, 'it comes to an end')
      await using world = await openWorld()
      const node = await world.boot()
      const ssd = await add(world, node, 'ssd')
      done(await create(node, 'web'))
      world.vzfs.words.set(101, 'mine')
      node.gate.arm(at, when)
      const asked = node.client.vpsMove({ ...of('web'), ...WAIT, body: { volume: 'ssd' } })
      asked.catch(() => undefined)
      ended = await Promise.race([node.gate.cut.then(() => false), asked.then(() => true)])
      node.kill()
      const next = await world.boot()
      const volume = await volumeOf(next, 'web')
      const [here, there] = volume === 'ssd' ? [ssd, world.instance.volume] : [world.instance.volume, ssd]
      const said = `cut off ${when} call ${at}: it is on ${volume}`
      assert.equal(world.disks.get(here)?.words.get(101), 'mine', said)
      assert.equal(world.disks.get(there)?.records.has(101), false, said)
      const [task] = (await next.client.taskList({ query: { vps: 'web' } })).tasks.filter(({ kind }) => kind === 'vps.move')
      if (task) assert.equal(task.state, volume === 'ssd' ? 'done' : 'failed', said)
      done(await next.client.vpsStart({ ...of('web'), ...WAIT }))
    }
  }
})
