/** exec and console over their WebSockets. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:os'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openSession, type Session, textOf } from './session.ts'
import { openWorld, type SimNode, type World } from './world.ts'

const MIB = 1024 ** 2

describe('a session', () => {
  let world: World
  let node: SimNode
  let flooded = 0
  before(async () => {
    world = await openWorld({
      commands: {
        async both({ write }) {
          await write('stdout', Buffer.from([0, 255, 10, 13]))
          await write('stderr', Buffer.from('problem\n'))
          return { code: 42 }
        },
        dies: async () => ({ signal: constants.signals.SIGTERM }),
        // As somebody on the node would who kills what he does not know.
        async orphan({ runtime }) {
          world.machine.kill(runtime, constants.signals.SIGTERM)
          return new Promise(() => undefined)
        },
        forever: () => new Promise(() => undefined),
        async flood({ write }) {
          for (; flooded < 64; flooded += 1) await write('stdout', Buffer.alloc(MIB))
          return { code: 0 }
        },
      },
    })
    world.inits.set('101', { says: 'booting\n' })
    node = await world.boot()
    await node.client.vpsCreate({ query: { wait: 10 }, body: { name: 'web', template: 'micro', start: true } })
    await node.client.vpsCreate({ query: { wait: 10 }, body: { name: 'down', template: 'micro' } })
  })
  after(() => world[Symbol.asyncDispose]())

  const open = (kind: 'exec' | 'console', vps: string, first: unknown): Session =>
    openSession(world.instance.apiSocket, kind, vps, first)

  it('passes on both outputs byte by byte and apart, and the exit code', async () => {
    const session = open('exec', 'web', { argv: ['both'] })
    assert.equal(await session.closed, 1000)
    assert.deepEqual(Buffer.concat(session.stdout), Buffer.from([0, 255, 10, 13]))
    assert.equal(textOf(session.stderr), 'problem\n')
    assert.deepEqual(session.messages, [{ type: 'exit', code: 42 }])
  })

  it('passes on input that came before the command began, and its end', async () => {
    const session = open('exec', 'web', { argv: ['cat'] })
    await once(session.socket, 'open')
    session.type('one ')
    session.type('two')
    session.socket.send(JSON.stringify({ type: 'eof' }))
    await session.closed
    assert.equal(textOf(session.stdout), 'one two')
  })

  it('tells of a signal, of a command that is not there, and of a VPS that is not there or does not run', async () => {
    const ends = async (vps: string, first: unknown) => {
      const session = open('exec', vps, first)
      await session.closed
      assert.equal(session.messages.length, 1)
      assert.equal(textOf(session.stderr), '', 'what the runtime wrote')
      return session.messages[0]
    }
    assert.deepEqual(await ends('web', { argv: ['dies'] }), { type: 'exit', code: 128 + 15 })
    assert.deepEqual(await ends('web', { argv: ['orphan'] }), { type: 'exit', signal: 'SIGTERM', number: 15 })
    const missing = await ends('web', { argv: ['nothing'] })
    assert.deepEqual([missing?.['code'], typeof missing?.['reason']], [127, 'string'])
    const absent = await ends('web', { argv: ['true'], cwd: '/nowhere' })
    assert.deepEqual(absent, { type: 'exit', code: 126, reason: '/nowhere: cannot be entered: No such file or directory' })
    const closed = await ends('web', { argv: ['true'], cwd: '/root', user: '1000' })
    assert.deepEqual(closed, { type: 'exit', code: 126, reason: '/root: cannot be entered: Permission denied' })
    const directory = await ends('web', { argv: ['/root'] })
    assert.deepEqual(directory, { type: 'exit', code: 126, reason: '/root: is a directory' })
    const empty = await ends('web', { argv: [''] })
    assert.deepEqual([empty?.['code'], empty?.['reason']], [127, "'': command not found"])
    const limit = async (pids: number | null) =>
      (await node.client.vpsChange({ params: { vps: 'web' }, query: { wait: 10 }, body: { limits: { pids } } })).task
    const used = (await node.client.vpsShow({ params: { vps: 'web' } })).vps.usage?.pids ?? 0
    assert.equal((await limit(used)).error, null)
    const full = (await ends('web', { argv: ['true'] }))?.['error'] as Record<string, string>
    assert.equal(full['code'], 'exhausted')
    assert.match(full['message'] ?? '', new RegExp(`^cannot run the command: VPS "web" has reached its limit of ${used} process`))
    assert.match(full['remedy'] ?? '', /insula set web --pids/)
    await limit(null)
    for (const [vps, first, code] of [
      ['nobody', { argv: ['true'] }, 'not_found'],
      ['down', { argv: ['true'] }, 'conflict'],
      ['web', { argv: [] }, 'invalid_request'],
      ['web', { argv: ['true'], colour: 'blue' }, 'invalid_request'],
      ['web', 'no JSON', 'invalid_request'],
      ['UPPER', { argv: ['true'] }, 'invalid_request'],
    ] as const) {
      const { type, error } = (await ends(vps, first)) as { type: string; error: { code: string } }
      assert.deepEqual([type, error.code], ['error', code])
    }
    const long = (await ends('99999999999', { argv: ['true'] })) as { error: { message: string } }
    assert.match(long.error.message, /^cannot run the command: there can be no VPS "99999999999": the name of one has/)
  })

  it('of 50 at once does each its own', async () => {
    const all = Array.from({ length: 50 }, (_, index) => open('exec', 'web', { argv: ['echo', `${index}`] }))
    await Promise.all(all.map(({ closed }) => closed))
    assert.deepEqual(
      all.map(({ stdout }) => textOf(stdout)),
      all.map((_, index) => `${index}\n`),
    )
    assert.ok(all.every(({ messages }) => messages[0]?.['code'] === 0))
  })

  it('with the console shows what was written before, and what is typed; and ends with the VPS', async () => {
    const session = open('console', 'web', { cols: 80, rows: 24 })
    await once(session.socket, 'message')
    session.type('hello')
    await once(session.socket, 'message')
    assert.equal(textOf(session.stdout), 'booting\r\nhello')
    assert.equal((await node.client.vpsLog({ params: { vps: 'web' } })).text, 'booting\r\nhello')
    await node.client.vpsRestart({ params: { vps: 'web' }, query: { wait: 10 }, body: {} })
    await session.closed
    assert.deepEqual(session.messages, [{ type: 'end' }])
  })

  it('survives a client that goes away in the middle', async () => {
    const session = open('exec', 'web', { argv: ['forever'] })
    await once(session.socket, 'open')
    await sleep(20)
    session.socket.terminate()
    await session.closed
    assert.equal((await node.client.health()).status, 'ok')
  })

  it('holds no more than it may for a client that does not read', async () => {
    const session = open('exec', 'web', { argv: ['flood'] })
    await once(session.socket, 'open')
    session.socket.pause()
    await sleep(300)
    assert.ok(flooded < 8, `${flooded} MiB were produced for nobody`)
    session.socket.resume()
    await session.closed
    assert.equal(Buffer.concat(session.stdout).length, 64 * MIB)
  })
})
