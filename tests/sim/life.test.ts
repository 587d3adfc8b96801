import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { after, before, describe, it } from 'node:test'
import { openWorld, type SimNode, type World } from './world.ts'

/** How the kernel ends an init that called reboot(2) inside. */
const REBOOT = { signal: constants.signals.SIGHUP }
const WAIT = { query: { wait: 10 } } as const
const named = (vps: string) => ({ params: { vps }, ...WAIT })

describe('the life of a VPS, over HTTP', () => {
  const inside = () => {
    const device = world.keeper.network('101')?.devices.get('eth0')
    return { up: device?.up, addresses: [...(device?.addresses ?? [])], way: device?.routes.get('0.0.0.0/0') }
  }
  const routed = (): string[][] => [...world.links.pairs.values()].map(({ routes }) => Array.from(routes.keys()))
  let world: World
  let node: SimNode
  const show = async (vps: string) => (await node.client.vpsShow({ params: { vps } })).vps
  before(async () => {
    world = await openWorld()
    node = await world.boot()
  })
  after(() => world[Symbol.asyncDispose]())

  it('goes from nothing to running with everything that belongs to it', async () => {
    const { task } = await node.client.vpsCreate({
      ...WAIT,
      body: { name: 'web', template: 'micro', addresses: ['auto', '192.0.2.7'], limits: { memory: 64 * 1024 ** 2 }, start: true },
    })
    assert.equal(task.state, 'done', JSON.stringify(task.error))
    const vps = await show('web')
    assert.deepEqual(
      [vps.id, vps.state, vps.addresses, vps.template],
      [101, 'running', ['192.0.2.7', '10.77.0.1'], 'micro@2026-01-01.1'],
    )
    assert.ok((vps.pid ?? 0) > 0)
    assert.deepEqual(world.traces(), { areas: ['101'], cgroups: ['101'], links: ['101'], inits: ['101'], filtered: ['101'] })
    assert.equal(world.cgroups.groups.get('insula-sim/101')?.limits?.memory, 64 * 1024 ** 2)
    assert.equal(world.keeper.file('101', '/etc/hostname'), 'web\n')
    assert.equal(world.keeper.file('101', '/etc/resolv.conf'), 'nameserver 192.0.2.53\n')
    assert.deepEqual(inside(), {
      up: true,
      addresses: ['192.0.2.7/32', '10.77.0.1/32'],
      way: { gateway: '169.254.0.1', source: '192.0.2.7' },
    })
  })

  it('is suspended and goes on', async () => {
    assert.equal((await node.client.vpsSuspend(named('web'))).task.state, 'done')
    assert.equal((await show('web')).state, 'suspended')
    assert.ok(world.cgroups.groups.get('insula-sim/101')?.frozen)
    assert.equal((await node.client.vpsResume(named('web'))).task.state, 'done')
    assert.equal((await show('101')).state, 'running')
    assert.ok(!world.cgroups.groups.get('insula-sim/101')?.frozen)
  })

  it('changes while it runs', async () => {
    const { task } = await node.client.vpsChange({
      ...named('web'),
      body: { addresses: ['10.77.0.9'], dns: ['192.0.2.1'], nat: false, limits: { memory: 128 * 1024 ** 2, cpus: 1 } },
    })
    assert.equal(task.state, 'done', JSON.stringify(task.error))
    const { limits } = world.cgroups.groups.get('insula-sim/101') ?? {}
    assert.deepEqual([limits?.memory, limits?.cpuSet], [128 * 1024 ** 2, [0]])
    assert.deepEqual(routed(), [['10.77.0.9/32']])
    assert.deepEqual(inside(), { up: true, addresses: ['10.77.0.9/32'], way: { gateway: '169.254.0.1', source: '10.77.0.9' } })
    assert.equal(world.keeper.file('101', '/etc/resolv.conf'), 'nameserver 192.0.2.1\n')
    const rules = world.filter.bodies.get('inet insula_sim') ?? ''
    assert.ok(rules.includes(' . 10.77.0.9') && !rules.includes('192.0.2.7'), rules)
    assert.equal((JSON.parse(world.vzfs.records.get(101) ?? '{}') as { nat?: boolean }).nat, false)
  })

  it('restarts with another init', async () => {
    const { pid } = await show('web')
    assert.equal((await node.client.vpsRestart({ ...named('web'), body: {} })).task.state, 'done')
    const again = await show('web')
    assert.equal(again.state, 'running')
    assert.notEqual(again.pid, pid)
    assert.equal(again.lastExit?.request, 'poweroff')
  })

  it('that does not obey is killed at the end of its time, also when it is suspended', async () => {
    world.inits.set('101', { stubborn: true })
    await node.client.vpsSuspend(named('web'))
    const { task } = await node.client.vpsStop({ ...named('web'), body: { timeout: 0.05 } })
    assert.equal(task.state, 'done', JSON.stringify(task.error))
    assert.deepEqual([(await show('web')).state, (await show('web')).lastExit?.signal], ['stopped', 'SIGKILL'])
    assert.deepEqual(world.traces(), { areas: ['101'], cgroups: [], links: [], inits: [], filtered: [] })
    world.inits.delete('101')
  })

  it('that is suspended obeys once it is thawed for its stop', async () => {
    await node.client.vpsStart(named('web'))
    await node.client.vpsSuspend(named('web'))
    assert.equal((await node.client.vpsStop({ ...named('web'), body: {} })).task.state, 'done')
    assert.equal((await show('web')).lastExit?.request, 'poweroff')
  })

  it('ends by itself: stopped; or asks for a reboot: runs again', async () => {
    await node.client.vpsStart(named('web'))
    await ageOf(1_100)
    const { startedAt } = await show('web')
    world.keeper.end('101', REBOOT)
    // It runs until its end is heard of.
    await until(async () => ![null, startedAt].includes((await show('web')).startedAt) && world.keeper.launched.has('101'))
    assert.equal((await show('web')).lastExit?.request, 'reboot')
    await ageOf(1_100)
    world.keeper.end('101', { code: 7 })
    await until(async () => (await show('web')).state === 'stopped')
    assert.deepEqual([(await show('web')).lastExit?.code, (await show('web')).problem], [7, null])
    assert.deepEqual(world.traces().cgroups, [])
  })

  it('gives back its name, addresses and ids when it is destroyed', async () => {
    await node.client.vpsStart(named('web'))
    const refused = await node.send('DELETE', '/v1/vps/web?wait=5')
    assert.equal(refused.status, 409)
    const { task } = await node.client.vpsDestroy({ params: { vps: 'web' }, query: { wait: 10, force: true } })
    assert.equal(task.state, 'done', JSON.stringify(task.error))
    assert.deepEqual(world.traces(), { areas: [], cgroups: [], links: [], inits: [], filtered: [] })
    await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', addresses: ['10.77.0.9'] } })
    assert.equal((await show('web')).id, 101)
  })

  it('says why an init that is missing or ends at once did not start, and leaves nothing', async () => {
    for (const [init, expected] of [
      [{ missing: true }, /its init \/sbin\/init is missing/],
      [
        { endsAtOnce: { code: 3 }, says: 'hello\nno root\n' },
        /ended at once \(exit code 3\)\. The last it wrote: hello \| no root/,
      ],
    ] as const) {
      world.inits.set('101', init)
      const { task } = await node.client.vpsStart(named('web'))
      assert.deepEqual([task.state, task.error?.code], ['failed', 'start_failed'])
      assert.match(task.error?.message ?? '', expected)
      assert.ok(task.error?.remedy)
      assert.equal((await show('web')).state, 'stopped')
      assert.deepEqual(world.traces(), { areas: ['101'], cgroups: [], links: [], inits: [], filtered: [] })
    }
    const log = async () => (await node.client.vpsLog({ params: { vps: 'web' } })).text
    assert.equal(await log(), 'hello\r\nno root\r\n', 'what it said is kept')
    world.inits.set('101', { says: 'hello again\n' })
    assert.equal((await node.client.vpsStart(named('web'))).task.state, 'done')
    await node.client.vpsStop({ ...named('web'), body: {} })
    assert.equal(await log(), 'hello again\r\n', 'of the last life alone')
    world.inits.delete('101')
    assert.equal((await node.client.vpsStart(named('web'))).task.state, 'done')
  })

  it('says that a limit is too small when the kernel has killed its init or refused it a process', async () => {
    const group = 'insula-sim/101'
    await node.client.vpsStop({ ...named('web'), body: { force: true } })
    const before = (await show('web')).limits
    const tried = async (limits: { memory?: number; pids?: number }) => {
      await node.client.vpsChange({ ...named('web'), body: { limits } })
      const { task } = await node.client.vpsStart(named('web'))
      assert.deepEqual([task.state, task.error?.code, (await show('web')).state], ['failed', 'start_failed', 'stopped'])
      return task.error
    }
    const killed = { signal: constants.signals.SIGKILL }
    world.inits.set('101', { begins: () => world.cgroups.use(group, { oomKills: 1 }), endsAtOnce: killed })
    const memory = await tried({ memory: 1024 ** 2 })
    assert.match(
      memory?.message ?? '',
      /^cannot start VPS "web": its memory limit of 1M is too small: the kernel killed a process/,
    )
    assert.match(
      memory?.remedy ?? '',
      /^give it more: insula set web --memory 64M, then insula start web; the VPS is there, and stopped$/,
    )
    world.inits.set('101', { begins: () => world.cgroups.add(group, 9_999) })
    const pids = await tried({ memory: before.memory ?? 0, pids: 1 })
    assert.match(pids?.message ?? '', /^cannot start VPS "web": its limit of one process is too small: it was refused another/)
    assert.match(pids?.remedy ?? '', /insula set web --pids 100,/)
    world.inits.delete('101')
    await node.client.vpsChange({ ...named('web'), body: { limits: before } })
    assert.equal((await node.client.vpsStart(named('web'))).task.state, 'done')
    world.cgroups.use(group, { oomKills: 1 })
    await ageOf(1_100)
    world.keeper.end('101', killed)
    await until(async () => (await show('web')).state === 'stopped')
    assert.match(
      (await show('web')).problem ?? '',
      /^its memory limit of .* is too small: .*; give it more: insula set web --memory/,
    )
    await node.client.vpsStart(named('web'))
  })

  it('takes a change back whole when a limit is below what is in use', async () => {
    world.cgroups.use('insula-sim/101', { memory: 200 * 1024 ** 2 })
    const old = await show('web')
    const { task } = await node.client.vpsChange({
      ...named('web'),
      body: { addresses: ['10.77.0.50'], limits: { memory: 100 * 1024 ** 2 } },
    })
    assert.deepEqual([task.state, task.error?.code], ['failed', 'limit_below_use'])
    const now = await show('web')
    assert.deepEqual([now.limits, now.addresses], [old.limits, old.addresses])
    assert.deepEqual(routed(), [['10.77.0.9/32']])
  })

  it('takes a change back whole when its last step fails', async () => {
    const placed = world.vzfs.records.get(101)
    world.vzfs.records.delete(101)
    const areas = world.vzfs.areas as { writeRecord: (id: number, record: unknown) => Promise<void> }
    const { writeRecord } = areas
    areas.writeRecord = () => Promise.reject(Object.assign(new Error('write: no space left'), { code: 'ENOSPC' }))
    const { task } = await node.client.vpsChange({
      ...named('web'),
      body: { addresses: ['10.77.0.50'], dns: ['192.0.2.9'], limits: { pids: 77 } },
    })
    areas.writeRecord = writeRecord
    world.vzfs.records.set(101, placed ?? '')
    assert.equal(task.error?.code, 'no_space')
    assert.equal(world.cgroups.groups.get('insula-sim/101')?.limits?.pids, 4096)
    assert.deepEqual(routed(), [['10.77.0.9/32']])
    assert.equal(world.keeper.file('101', '/etc/resolv.conf'), 'nameserver 192.0.2.53\n')
    assert.ok(!(world.filter.bodies.get('inet insula_sim') ?? '').includes('10.77.0.50'))
  })

  it('is renamed', async () => {
    const { task } = await node.client.vpsRename({ ...named('web'), body: { name: 'www' } })
    assert.equal(task.state, 'done')
    assert.equal((await show('www')).id, 101)
    assert.equal((await node.send('GET', '/v1/vps/web')).status, 404)
  })

  it('tells all of this on the event stream, which goes on where a reader left', async () => {
    const abort = new AbortController()
    const seen: { id: number; kind: string; to?: string }[] = []
    for await (const event of node.client.events({ since: 0, signal: abort.signal })) {
      seen.push({ id: event.id, kind: event.kind, ...(event.kind === 'vps.state' ? { to: event.data.to } : {}) })
      if (event.kind === 'vps.renamed') break
    }
    abort.abort()
    assert.deepEqual(
      seen
        .filter(({ kind }) => kind !== 'task')
        .slice(0, 4)
        .map(({ kind, to }) => to ?? kind),
      ['stopped', 'vps.created', 'starting', 'running'],
    )
    assert.deepEqual(
      seen.map(({ id }) => id),
      seen.map(({ id }) => id).toSorted((a, b) => a - b),
    )
    for await (const event of node.client.events({ since: seen.at(-2)?.id })) {
      assert.equal(event.id, seen.at(-1)?.id)
      break
    }
  })
})

/** A VPS that ends within its first second did not really start: waits until it is older. */
const ageOf = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await holds()) return
    await ageOf(10)
  }
  assert.fail('it did not come to pass within five seconds')
}

describe('what a VPS uses', () => {
  it('is shown while it runs, and of this life alone', async () => {
    await using world = await openWorld()
    const node = await world.boot()
    const listed = async (query: { fresh?: true } = {}) => (await node.client.vpsList({ query })).vps[0]?.usage
    await node.client.vpsCreate({ ...WAIT, body: { name: 'web', template: 'micro', start: true } })
    assert.notEqual((await listed({ fresh: true }))?.pids, undefined)
    assert.notEqual(await listed(), null)
    await node.client.vpsStop({ ...named('web'), body: {} })
    assert.equal(await listed(), null)
    await node.client.vpsStart(named('web'))
    assert.equal(await listed(), null, 'it was not looked at yet')
    assert.notEqual(await listed({ fresh: true }), null)
  })
})
