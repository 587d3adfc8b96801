/** Requests that must be refused: with what, why and what to do, nothing changed, and a daemon that goes on. */

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect } from 'node:net'
import { type ErrorCode, errors } from '@insula/contract'
import { openWorld, type SimNode, type World } from './world.ts'

describe('bad input', () => {
  let world: World
  let node: SimNode
  before(async () => {
    world = await openWorld({ config: { addressPool: '10.77.0.0/29' } })
    node = await world.boot()
    for (const name of ['one', 'two']) {
      const body = { name, template: 'micro', addresses: [name === 'one' ? '10.77.0.1' : '10.77.0.2'], start: name === 'one' }
      await node.client.vpsCreate({ query: { wait: 10 }, body })
    }
  })
  after(() => world[Symbol.asyncDispose]())

  const everything = async (): Promise<unknown> => [
    (await node.client.vpsList()).vps.map(({ usage: _usage, ...rest }) => rest),
    world.traces(),
  ]
  /** The refusal of a request, be it at once or as the end of its task. */
  const refusal = async (method: string, path: string, body?: unknown) => {
    const { status, json } = await node.send(method, path.includes('?') ? path : `${path}?wait=10`, body)
    const { error, task } = json as { error?: Refused; task?: { error: Refused | null } }
    const refused = error ?? task?.error
    assert.ok(refused, `${method} ${path} was not refused: ${JSON.stringify(json).slice(0, 300)}`)
    if (error) assert.equal(status, errors[error.code].status)
    return refused
  }
  interface Refused {
    readonly code: ErrorCode
    readonly message: string
    readonly remedy?: string
    readonly details?: readonly { readonly path: string }[]
  }

  const labels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'x']))
  const make = (fields: Record<string, unknown>) => ['POST', '/v1/vps', { name: 'new', template: 'micro', ...fields }] as const
  const change = (fields: Record<string, unknown>, vps = 'one') => ['PATCH', `/v1/vps/${vps}`, fields] as const

  const cases: readonly (readonly [string, readonly [string, string, unknown?], ErrorCode, RegExp])[] = [
    ['a name with a capital', make({ name: 'New' }), 'invalid_request', /name/],
    ['a name with a slash', make({ name: '../x' }), 'invalid_request', /name/],
    ['an empty name', make({ name: '' }), 'invalid_request', /name/],
    ['a name that is a number', make({ name: '101' }), 'invalid_request', /name/],
    ['a name of 100 letters', make({ name: 'a'.repeat(100) }), 'invalid_request', /name/],
    ['a name that is taken', make({ name: 'one' }), 'conflict', /"one"/],
    [
      'a VPS of a name that there can be none of',
      ['GET', '/v1/vps/Bad_Name'],
      'invalid_request',
      /^cannot answer what was asked: there can be no VPS "Bad_Name": the name of one has 1 to 32 lower-case .*; its id is 1 to 999999999$/,
    ],
    ['one of 100 letters', ['GET', `/v1/vps/${'a'.repeat(100)}`], 'invalid_request', /there can be no VPS "a{64}": the name/],
    [
      'one of those that are chosen',
      ['POST', '/v1/apps/add', { app: 'web', select: { vps: ['one', 'No_'] } }],
      'invalid_request',
      /^cannot add an app to VPSs: there can be no VPS "No_": the name/,
    ],
    ['a name that is no text', make({ name: 7 }), 'invalid_request', /name/],
    ['no name', ['POST', '/v1/vps', { template: 'micro' }], 'invalid_request', /name/],
    ['an id that is taken', make({ id: 101 }), 'conflict', /101/],
    ['an id of zero', make({ id: 0 }), 'invalid_request', /id/],
    ['an unknown template', make({ template: 'plan9' }), 'template_unknown', /plan9/],
    ['an unknown version', make({ template: 'micro@2020-01-01.1' }), 'template_unknown', /2020/],
    ['a template that is a path', make({ template: '../../etc' }), 'invalid_request', /template/],
    ['a label with a capital', make({ labels: { Role: 'web' } }), 'invalid_request', /labels/],
    ['a label whose value has a comma', make({ labels: { role: 'a,b' } }), 'invalid_request', /labels/],
    [
      'a label of prototypes',
      make({ labels: JSON.parse('{"__proto__":"x"}') as object }),
      'invalid_request',
      /labels|not valid JSON/,
    ],
    ['33 labels', make({ labels: labels(33) }), 'invalid_request', /at most 32/],
    [
      '33 labels in two steps',
      change({ labels: { ...labels(32), last: 'x' } }),
      'invalid_request',
      /33 labels, and 32 are the most/,
    ],
    ['a label of no text', change({ labels: { role: 7 } }), 'invalid_request', /labels/],
    ['a plan of capitals', change({ plan: 'Gold' }), 'invalid_request', /plan/],
    ['a list by half a label', ['GET', '/v1/vps?labels=role%3D'], 'invalid_request', /labels/],
    [
      'a relink of names and a plan',
      ['POST', '/v1/vzfs/relink', { vps: ['one'], plan: 'gold' }],
      'invalid_request',
      /one of vps, all/,
    ],
    ['a relink of nothing', ['POST', '/v1/vzfs/relink', {}], 'invalid_request', /one of vps, all/],
    ['a hostname with a newline', make({ hostname: 'a\nb' }), 'invalid_request', /hostname/],
    ['a DNS server that is a name', make({ dns: ['ns.example'] }), 'invalid_request', /dns/],
    [
      'no memory',
      make({ limits: { memory: 0 } }),
      'invalid_request',
      /^cannot create a VPS from an OS template: limits\.memory: at least 1M, not 0B$/,
    ],
    [
      'too little memory',
      change({ limits: { memory: 4096 } }),
      'invalid_request',
      /^cannot change settings and limits: limits\.memory: at least 1M, not 4K$/,
    ],
    ['memory below nothing', make({ limits: { memory: -1 } }), 'invalid_request', /memory/],
    ['memory as text', make({ limits: { memory: '512M' } }), 'invalid_request', /memory/],
    ['half a byte', make({ limits: { memory: 1_048_576.5 } }), 'invalid_request', /memory/],
    ['more than there are bytes', make({ limits: { memory: 1e300 } }), 'invalid_request', /memory/],
    ['a soft limit above the hard one', make({ limits: { disk: 2 ** 30, diskSoft: 2 ** 31 } }), 'invalid_request', /hard/],
    ['more CPUs than there are', make({ limits: { cpus: 3 } }), 'invalid_request', /this node has 2/],
    ['no CPUs', make({ limits: { cpus: 0 } }), 'invalid_request', /cpus/],
    ['an unknown limit', make({ limits: { ram: 1 } }), 'invalid_request', /ram/],
    ['an unknown field', make({ colour: 'blue' }), 'invalid_request', /colour/],
    ['an address that is none', make({ addresses: ['10.0.0.256'] }), 'invalid_request', /address/],
    ['an address with a prefix', make({ addresses: ['10.0.0.1/24'] }), 'invalid_request', /address/],
    ['the address of another VPS', make({ addresses: ['10.77.0.1'] }), 'address_in_use', /"one"/],
    ['the same address twice', make({ addresses: ['10.77.0.3', '10.77.0.3'] }), 'invalid_request', /twice/],
    ['the gateway of the node', make({ addresses: ['198.51.100.1'] }), 'address_in_use', /gateway/],
    ['a DNS server of the node', make({ addresses: ['192.0.2.53'] }), 'address_in_use', /DNS server/],
    ['loopback', make({ addresses: ['127.0.0.1'] }), 'invalid_request', /127\.0\.0\.0\/8/],
    ['multicast', make({ addresses: ['224.0.0.1'] }), 'invalid_request', /224\.0\.0\.0\/4/],
    ["the pool's broadcast address", make({ addresses: ['10.77.0.7'] }), 'invalid_request', /broadcast/],
    [
      'more addresses than the pool has',
      make({ addresses: Array.from({ length: 5 }, () => 'auto') }),
      'exhausted',
      /10\.77\.0\.0\/29/,
    ],
    ['a list that is none', ['POST', '/v1/vps', [1]], 'invalid_request', /./],
    ['JSON cut off', ['POST', '/v1/vps', '{"name":"new"'], 'invalid_request', /JSON/i],
    ['no JSON at all', ['POST', '/v1/vps', 'name=new'], 'invalid_request', /JSON/i],
    ['a VPS that is not there', ['POST', '/v1/vps/nobody/start', {}], 'not_found', /nobody/],
    ['a start of what runs', ['POST', '/v1/vps/one/start', {}], 'conflict', /running/],
    ['a stop of what is stopped', ['POST', '/v1/vps/two/stop', {}], 'conflict', /stopped/],
    ['a destroy of what runs', ['DELETE', '/v1/vps/one'], 'conflict', /running/],
    ['a stop with a field that is none', ['POST', '/v1/vps/one/stop', { kill: true }], 'invalid_request', /kill/],
    ['a suspend of what is stopped', ['POST', '/v1/vps/two/suspend', {}], 'conflict', /stopped/],
    ['a log of what is stopped', ['GET', '/v1/vps/two/log?'], 'conflict', /stopped/],
    ['a change of an unknown field', change({ colour: 'blue' }), 'invalid_request', /colour/],
    ['a change to the address of another', change({ addresses: ['10.77.0.2'] }), 'address_in_use', /"two"/],
    ['a change to too many CPUs', change({ limits: { cpus: 9 } }), 'invalid_request', /this node has 2/],
    ['a rename to a name that is taken', ['POST', '/v1/vps/two/rename', { name: 'one' }], 'conflict', /"one"/],
    ['a rename to its own name', ['POST', '/v1/vps/two/rename', { name: 'two' }], 'conflict', /that is its name/],
    ['a task that is not there', ['GET', '/v1/tasks/999999?'], 'not_found', /999999/],
    ['a task that is no number', ['GET', '/v1/tasks/x?'], 'invalid_request', /task/],
    ['a wait without end', ['GET', '/v1/tasks/1?wait=1e9'], 'invalid_request', /wait/],
    ['a query that is unknown', ['GET', '/v1/vps?colour=blue'], 'invalid_request', /colour/],
    ['a template that is in use', ['DELETE', '/v1/templates/micro@2026-01-01.1'], 'conflict', /one, two/],
    ['a template without a definition', ['POST', '/v1/templates', { name: 'plan9' }], 'template_unknown', /plan9/],
    ['a mirror that is a file', ['POST', '/v1/templates', { name: 'micro', mirror: 'file:///etc' }], 'invalid_request', /mirror/],
    ['an exec that is no WebSocket', ['GET', '/v1/vps/one/exec'], 'invalid_request', /asks for no WebSocket/],
    ['a console that is no WebSocket', ['GET', '/v1/vps/one/console'], 'invalid_request', /asks for no WebSocket/],
    ['events after what is no field', ['GET', '/v1/events?after=x'], 'invalid_request', /after/],
    ['a path that is none', ['GET', '/v1/nothing?'], 'not_found', /nothing/],
    ['a method that is none', ['PUT', '/v1/vps?', {}], 'not_found', /PUT/],
  ]
  for (const [title, [method, path, body], code, message] of cases) {
    it(`refuses ${title}`, async () => {
      const was = await everything()
      const refused = await refusal(method, path, body)
      assert.equal(refused.code, code, refused.message)
      assert.match(refused.message, message)
      assert.deepEqual(await everything(), was)
    })
  }

  it('names every field that is wrong, by its path', async () => {
    const { details } = await refusal(...make({ name: 'UPPER', limits: { memory: -1 } }))
    assert.deepEqual(
      details?.map(({ path }) => path),
      ['name', 'limits.memory'],
    )
  })

  it('refuses a body of 100 MB before it has read it', async () => {
    const was = process.memoryUsage().rss
    const answer = await flood(world.instance.apiSocket, 100 * 1024 * 1024)
    assert.match(answer, /^HTTP\/1\.1 413 /)
    assert.match(answer, /"code":"payload_too_large"/)
    assert.ok(process.memoryUsage().rss - was < 60 * 1024 * 1024)
  })

  it('goes on after a request that is not HTTP', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(world.instance.apiSocket, () => socket.end('\0\x01nonsense\r\n\r\n'))
      socket
        .on('close', () => resolve())
        .on('error', () => undefined)
        .resume()
    })
    assert.equal((await node.client.health()).status, 'ok')
  })
})

/** Sends a body of so many bytes, as fast as it is taken, and resolves with what comes back. */
function flood(path: string, bytes: number): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = connect(path)
  const chunk = Buffer.alloc(64 * 1024, 'a')
  let received = ''
  let left = bytes
  const pour = (): void => {
    while (left > 0 && !socket.destroyed) {
      left -= chunk.length
      if (!socket.write(chunk)) return
    }
  }
  socket.setEncoding('utf8')
  socket.on('data', (text: string) => void (received += text))
  socket.on('drain', pour)
  socket.on('error', () => undefined)
  socket.on('close', () => resolve(received))
  socket.write(
    `POST /v1/vps HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${bytes}\r\nconnection: close\r\n\r\n`,
  )
  pour()
  return promise
}
