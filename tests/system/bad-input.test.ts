import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { test } from 'node:test'
import { testNode } from './support/node.ts'

const node = await testNode(['micro'])
const existing = await node.running('existing', ['--template', 'micro', '--ip', '10.119.50.5'])
const daemon = node.pidOf('insulad')

/** Refused with this exit code and something that matches, and afterwards all is as before. */
async function refused(args: readonly string[], code: number, message: RegExp): Promise<void> {
  const before = await node.ok('list', '--json')
  const answer = await node.insula(args)
  assert.equal(answer.code, code, `insula ${args.join(' ')}: ${answer.code}: ${answer.stderr}`)
  assert.match(answer.stderr, message)
  assert.equal(answer.stdout, '')
  const stable = (text: string): unknown => (JSON.parse(text) as { usage?: unknown }[]).map(({ usage: _usage, ...rest }) => rest)
  assert.deepEqual(stable(await node.ok('list', '--json')), stable(before))
}

const create = (...options: string[]): string[] => ['create', 'new', '--template', 'micro', ...options]

for (const [what, args, code, message] of [
  ['a name with capitals', ['create', 'New', '--template', 'micro'], 2, /name/],
  ['a name that is a number', ['create', '123', '--template', 'micro'], 2, /name/],
  ['a name with a slash', ['create', '../x', '--template', 'micro'], 2, /name/],
  ['an empty name', ['create', '', '--template', 'micro'], 2, /name/],
  ['a name of 33 letters', ['create', 'a'.repeat(33), '--template', 'micro'], 2, /name/],
  ['a name that is taken', ['create', 'existing', '--template', 'micro'], 4, /taken/],
  ['an unknown template', ['create', 'new', '--template', 'plan9'], 3, /no template "plan9".*\n.*(build|has)/s],
  ['an unknown version', ['create', 'new', '--template', 'micro@1999-01-01.1'], 3, /no template/],
  ['a size that is none', create('--memory', 'lots'), 2, /memory|size/],
  ['a negative size', create('--memory=-5M'), 2, /memory|size/],
  ['a tiny size', create('--memory', '1K'), 2, /memory/],
  ['no CPUs', create('--cpus', '0'), 2, /cpus/],
  ['more CPUs than there are', create('--cpus', '4000'), 2, /CPU/],
  ['CPU units out of range', create('--cpu-units', '7'), 2, /cpu/i],
  ['no processes', create('--pids', '0'), 2, /pids/],
  ['an address that is none', create('--ip', '10.0.0'), 2, /address/],
  ['an address with a leading zero', create('--ip', '10.0.0.01'), 2, /address/],
  ['an address of another VPS', create('--ip', '10.119.50.5'), 4, /existing/],
  ['an address given twice', create('--ip', '10.119.50.6', '--ip', '10.119.50.6'), 2, /twice/],
  ['a loopback address', create('--ip', '127.0.0.9'), 2, /127/],
  ['a multicast address', create('--ip', '224.0.0.9'), 2, /224/],
  ["the pool's network address", create('--ip', '10.119.0.0'), 2, /network address/],
  ['DNS by name', create('--dns', 'resolver.example'), 2, /dns/i],
  ['a hostname with a space', create('--hostname', 'a b'), 2, /hostname/i],
  ['an unknown option', create('--colour', 'red'), 2, /--colour/],
  ['a missing name', ['start'], 2, /.+/],
  ['an unknown command', ['explode'], 2, /explode/],
  ['an unknown VPS', ['start', 'nobody'], 3, /no VPS "nobody"/],
  ['starting what runs', ['start', 'existing'], 4, /it is running/],
  ['resuming what runs', ['resume', 'existing'], 4, /running/],
  ['destroying what runs', ['destroy', '-y', 'existing'], 4, /running/],
] as const) {
  test(`${what} is refused, and nothing has changed`, () => refused(args, code, message))
}

function http(method: string, path: string, body?: Buffer | string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sent = request({ socketPath: node.instance.apiSocket, method, path, headers }, (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

test('unknown fields, wrong types and what is no JSON are refused by name', async () => {
  const unknown = await http('POST', '/v1/vps', JSON.stringify({ name: 'new', template: 'micro', colour: 'red' }))
  assert.equal(unknown.status, 400)
  assert.match(unknown.body, /colour/)
  const deep = await http('POST', '/v1/vps', JSON.stringify({ name: 'new', template: 'micro', limits: { memroy: 5 } }))
  assert.equal(deep.status, 400)
  assert.match(deep.body, /memroy/)
  const type = await http('PATCH', '/v1/vps/existing', JSON.stringify({ nat: 'yes' }))
  assert.equal(type.status, 400)
  assert.match(type.body, /nat/)
  assert.equal((await http('POST', '/v1/vps', '{"name":')).status, 400)
  assert.equal((await http('GET', '/v1/vps/existing/nothing')).status, 404)
  assert.equal((await http('GET', `/v1/vps/${'x'.repeat(5_000)}`)).status, 400)
})

test('a body of 100 MB is refused', async () => {
  const answer = await http('POST', '/v1/vps', Buffer.alloc(100 * 1024 * 1024, 0x20)).catch((error: NodeJS.ErrnoException) => ({
    status: error.code,
    body: '',
  }))
  // The daemon may close the connection before all of it is sent.
  assert.ok([413, 'EPIPE', 'ECONNRESET'].includes(answer.status as number), `${answer.status}`)
})

test('an init that is missing, that exits at once, and a damaged root: said so, and it stays stopped', async () => {
  for (const [name, script, message] of [
    ['noinit', 'rm /sbin/init', /init.*missing/],
    [
      'shortinit',
      'rm /sbin/init; printf "#!/bin/sh\\necho goodbye; exit 3\\n" > /sbin/init; chmod 755 /sbin/init',
      /ended at once|goodbye/,
    ],
    ['noexec', 'rm /sbin/init; echo text > /sbin/init; chmod 644 /sbin/init', /init|permission/i],
  ] as const) {
    await node.running(name)
    await node.ok('exec', name, '--', 'sh', '-c', script)
    await node.insula(['stop', name, '--timeout', '0'])
    const { code, stderr } = await node.insula(['start', name])
    assert.equal(code, 11, `${name}: ${stderr}`)
    assert.match(stderr, message)
    assert.equal((await node.show(name)).state, 'stopped')
    await node.ok('destroy', '-y', name)
  }
})

test('an init that exits at once is told of on a busy node as well, every time', async () => {
  const name = await node.running('brief')
  await node.ok('exec', name, '--', 'sh', '-c', 'rm /sbin/init; printf "#!/bin/sh\nexit 3\n" > /sbin/init; chmod 755 /sbin/init')
  await node.insula(['stop', name, '--timeout', '0'])
  const busy = node.insula([
    'exec',
    existing,
    '--',
    'sh',
    '-c',
    'for i in 1 2 3 4 5 6; do timeout 8 yes > /dev/null & done; wait',
  ])
  for (let round = 0; round < 10; round++) {
    const { code, stderr } = await node.insula(['start', name])
    assert.equal(code, 11, `start ${round}: ${stderr}`)
  }
  await busy
  await node.ok('destroy', '-y', name)
})

test('a bundle that was damaged under a running VPS does not keep it from being stopped and destroyed', async () => {
  const name = await node.running('damaged')
  const { id } = await node.show(name)
  writeFileSync(`${node.instance.bundles}/${id}/config.json`, '{"broken')
  writeFileSync(`${node.instance.runtime}/${id}/status`, 'nonsense')
  const exec = await node.insula(['exec', name, 'true'])
  assert.notEqual(exec.code, 0)
  await node.ok('stop', name, '--timeout', '3')
  await node.ok('start', name)
  assert.equal(await node.inside(name, 'echo', 'whole'), 'whole')
  await node.ok('destroy', '-y', '--force', name)
})

test('after all of it the same daemon still serves', async () => {
  assert.equal(node.pidOf('insulad'), daemon)
  assert.equal(await node.inside(existing, 'echo', 'here'), 'here')
  assert.ok(readFileSync(`/proc/${daemon}/cmdline`, 'utf8').length > 0)
})
