/** What the keeper does for a VPS, and that a restart of it is noticed by nobody who does not look. */

import assert from 'node:assert/strict'
import { closeSync, constants, openSync, readdirSync, writeSync } from 'node:fs'
import { constants as os } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FakeProgram } from '@insula/kernel/fakes'
import { openSession, textOf } from './session.ts'
import { openWorld, type SimNode, type World } from './world.ts'

const WAIT = { query: { wait: 10 } } as const
const named = (vps: string) => ({ params: { vps }, ...WAIT })

async function booted(world: World, ...names: string[]): Promise<SimNode> {
  const node = await world.boot()
  for (const name of names) {
    const { task } = await node.client.vpsCreate({ ...WAIT, body: { name, template: 'micro', addresses: ['auto'], start: true } })
    assert.equal(task.state, 'done', task.error?.message)
  }
  return node
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await holds()) return
    await sleep(10)
  }
  assert.fail(`not within five seconds: ${what}`)
}

/** Number of the terminal that is its /dev/console. */
const deviceOf = (world: World, id: string): string =>
  world.keeper.launched.get(id)?.mounts.get('/dev/console')?.contents ?? assert.fail('it has no console')
const consoleOf = async ({ client }: SimNode, vps: string): Promise<string> => (await client.vpsLog({ params: { vps } })).text

describe('a VPS that was launched', () => {
  it('sees its root with its own ids, and nobody else sees a mount', async () => {
    await using world = await openWorld()
    await booted(world, 'web')
    const { root, upper } = await world.vzfs.areas.plan(101)
    const { base } = (await world.vzfs.areas.show(101)) ?? assert.fail('there is no area')
    const inside = world.keeper.launched.get('101')?.mounts
    const owners = ['/etc/passwd', '/etc/hostname'].map((path) => inside?.get(path)?.owner)
    assert.deepEqual(owners, [base, base])
    assert.equal(world.machine.mounts.get(`${root}/etc/passwd`), null)
    assert.equal(world.machine.mounts.get(`${upper}/etc/hostname`)?.contents, 'web\n')
    assert.equal(world.machine.mounts.get(`${upper}/etc/passwd`), null)
    assert.deepEqual([...world.machine.owners.values()], [{ uid: base, gid: base }])
    assert.equal(world.machine.userNamespaces.size, 0, 'the keeper holds a user namespace open')
  })

  it('has a terminal for a command that wants one, in which a client types', async () => {
    await using world = await openWorld()
    await booted(world, 'web')
    const session = openSession(world.instance.apiSocket, 'exec', 'web', {
      argv: ['cat'],
      tty: { cols: 80, rows: 24, term: 'vt100' },
    })
    await until('it began', async () => readdirSync(world.instance.scratch).some((name) => name.endsWith('.pid')))
    session.type('typed\n\x04')
    await session.closed
    assert.equal(textOf(session.stdout), 'typed\r\ntyped\r\n')
    assert.deepEqual(session.messages, [{ type: 'exit', code: 0 }])
    assert.deepEqual(readdirSync(world.instance.scratch), [])
  })

  it('and whose init ends while a command is on its way, is said not to run', async () => {
    await using world = await openWorld()
    await booted(world, 'web', 'other')
    const said: string[] = []
    const output = (chunk: Buffer): void => void said.push(chunk.toString())
    const exec = (id: string) => world.keeper.keep.exec(id, { argv: ['true'], env: {} }, { stdout: output, stderr: output })
    const end = (id: string): boolean =>
      world.machine.kill(world.keeper.launched.get(id)?.pid ?? assert.fail(`${id} was not launched`), os.signals.SIGKILL)
    const notRunning = { name: 'KeeperError', code: 'no_such_vps', message: /^VPS 10[12] is not running$/ }
    // Before the runtime was called, and before it has got there.
    end('101')
    await assert.rejects(exec('101'), notRunning)
    const session = exec('102')
    end('102')
    await assert.rejects((await session).ended, notRunning)
    assert.deepEqual(said, [])
    assert.deepEqual(readdirSync(world.instance.scratch), [])
  })

  it('and has a command that does not read what it is given, ends that when its client has gone', async () => {
    const [began, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()]
    const deaf: FakeProgram = async ({ onSignal }) => {
      const { promise, resolve } = Promise.withResolvers<{ signal: number }>()
      onSignal((signal) => (ended.resolve(signal), resolve({ signal })))
      began.resolve()
      return promise
    }
    await using world = await openWorld({ commands: { deaf } })
    const node = await booted(world, 'web')
    const nowhere = { stdout: () => undefined, stderr: () => undefined }
    const session = await node.daemon.means.keeper.exec('101', { argv: ['deaf'] }, nowhere)
    session.ended.catch(() => undefined)
    await began.promise
    for (let at = 0; at < 64; at += 1) void session.write(Buffer.alloc(1 << 16))
    // The keeper has begun to give it that, and does not hear what comes after.
    await sleep(100)
    session.close()
    assert.equal(await ended.promise, os.signals.SIGHUP)
  })

  it('and could not be, leaves nothing: no process, no bundle, no terminal', async () => {
    await using world = await openWorld()
    const node = await booted(world, 'web', 'broken')
    await node.client.vpsStop({ ...named('broken'), body: {} })
    const terminals = (): number => readdirSync('/proc/self/fd').length
    world.inits.set('102', { missing: true })
    const before = [world.machine.processes.size, terminals()]
    for (let tries = 0; tries < 3; tries += 1)
      assert.equal((await node.client.vpsStart(named('broken'))).task.error?.code, 'start_failed')
    await until('terminals are closed', () => terminals() <= (before[1] ?? 0))
    assert.equal(world.machine.processes.size, before[0])
    assert.deepEqual(readdirSync(world.instance.bundles), ['101'])
  })
})

describe('lxcfs', () => {
  const seen = (world: World, id: string): string | undefined =>
    world.keeper.launched.get(id)?.mounts.get('/proc/meminfo')?.contents

  it('is seen in each VPS, and goes on when the keeper is restarted', async () => {
    await using world = await openWorld()
    await booted(world, 'web')
    const first = seen(world, '101')
    assert.match(first ?? '', /^lxcfs \d+$/)
    await world.keeper.restart()
    assert.equal(seen(world, '101'), first)
  })

  it('that ended is started again, and seen in the VPSs that run', async () => {
    await using world = await openWorld()
    const node = await booted(world, 'web', 'other')
    const first = seen(world, '101')
    world.keeper.lxcfs.crash(Number(first?.split(' ')[1]))
    assert.equal(seen(world, '101'), undefined)
    await until('it is seen again', () => seen(world, '101') !== undefined && seen(world, '102') !== undefined)
    assert.notEqual(seen(world, '101'), first)
    assert.equal(seen(world, '102'), seen(world, '101'))
    assert.equal((await node.client.vpsRestart({ ...named('web'), body: {} })).task.state, 'done')
    assert.equal(seen(world, '101'), seen(world, '102'))
  })
})

describe('lxcfs that dies while a VPS is launched', () => {
  it('does not keep it from its start, and is seen in it afterwards', async () => {
    await using world = await openWorld()
    const node = await booted(world, 'web')
    const seen = (id: string): string | undefined => world.keeper.launched.get(id)?.mounts.get('/proc/meminfo')?.contents
    const create = (name: string) =>
      node.client.vpsCreate({ query: { wait: 20 }, body: { name, template: 'micro', start: true } })
    for (const name of ['one', 'two', 'three', 'four']) {
      // At the first, the daemon has been told of files that are dead when the runtime looks for them.
      world.keeper.lxcfs.crash(Number(/\d+/.exec(seen('101') ?? '')?.[0]))
      assert.equal((await create(name)).task.state, 'done', name)
      await until('it is seen in all', () =>
        ['101', ...world.keeper.launched.keys()].every((id) => seen(id)?.startsWith('lxcfs') === true),
      )
    }
    assert.equal(new Set([...world.keeper.launched.keys()].map(seen)).size, 1)
  })
})

describe('a keeper that was killed', () => {
  it('is followed by one that has the same VPSs and consoles, and hears of their ends', async () => {
    await using world = await openWorld()
    world.inits.set('101', { says: 'before' })
    const node = await booted(world, 'web', 'other')
    const inits = new Map(world.keeper.launched)
    const device = deviceOf(world, '101')
    await world.keeper.restart()
    assert.equal(deviceOf(world, '101'), device)
    assert.deepEqual(world.keeper.launched, inits)
    assert.deepEqual(
      world.keeper.keep.list().map(({ id, state }) => [id, state]),
      [
        ['101', 'running'],
        ['102', 'running'],
      ],
    )
    const session = openSession(world.instance.apiSocket, 'console', 'web', { cols: 80, rows: 24 })
    await until('the console is attached', () => session.socket.readyState === session.socket.OPEN)
    session.type('typed')
    await until('the terminal echoes', () => textOf(session.stdout).endsWith('typed'))
    session.socket.terminate()
    await sleep(1_050)
    world.keeper.end('101', { code: 7 })
    const show = async () => (await node.client.vpsShow({ params: { vps: 'web' } })).vps
    await until('its end is known', async () => (await show()).state === 'stopped')
    assert.equal((await show()).lastExit?.code, 7)
    assert.equal((await node.client.vpsRestart({ ...named('other'), body: {} })).task.state, 'done')
  })

  it('and whose consoles are lost is followed by one that gives running VPSs new ones', async () => {
    await using world = await openWorld()
    const node = await booted(world, 'web')
    await world.keeper.restart('lost')
    const renewed = deviceOf(world, '101')
    // As a getty inside that opens its console anew.
    const opened = openSync(join('/dev/pts', renewed), constants.O_RDWR | constants.O_NOCTTY)
    writeSync(opened, 'login: ')
    await until('it shows', async () => (await consoleOf(node, 'web')) === 'login: ')
    // That one is kept again.
    await world.keeper.restart()
    assert.equal(deviceOf(world, '101'), renewed)
    closeSync(opened)
  })

  it('is followed by one that knows who ended meanwhile, and removes what is left of them', async () => {
    await using world = await openWorld()
    const node = await booted(world, 'web', 'other')
    await node.stop()
    world.machine.kill(world.keeper.launched.get('101')?.pid ?? 0, os.signals.SIGKILL)
    await world.keeper.restart()
    const again = await world.boot()
    const { vps } = await again.client.vpsList()
    assert.deepEqual(
      vps.map(({ name, state }) => [name, state]),
      [
        ['web', 'stopped'],
        ['other', 'running'],
      ],
    )
    assert.deepEqual(world.traces(), {
      areas: ['101', '102'],
      cgroups: ['102'],
      links: ['102'],
      inits: ['102'],
      filtered: ['102'],
    })
    assert.deepEqual(readdirSync(world.instance.bundles), ['102'])
  })
})
