import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { openRtnetlink } from '../netlink/socket.ts'
import { LinkMissing } from '../network/network.ts'
import { inNetworkOf } from '../netns/real.ts'
import { openTestNetwork, type TestNetwork } from '../testing/network.ts'
import { linkConformance } from './conformance.ts'
import type { Links } from './links.ts'
import { realLinks } from './real.ts'

const linksOf = ({ pid }: TestNetwork): Links => realLinks(() => inNetworkOf(pid, openRtnetlink))

linkConformance('the real driver', async () => {
  const [outside, inside] = [await openTestNetwork(), await openTestNetwork()]
  return {
    links: linksOf(outside),
    pid: inside.pid,
    deadPid: 2 ** 22,
    [Symbol.asyncDispose]: async () => {
      outside[Symbol.dispose]()
      inside[Symbol.dispose]()
    },
  }
})

describe('a pair between two namespaces', () => {
  let outside: TestNetwork
  let inside: TestNetwork
  const ask = async ({ runner }: TestNetwork, ...args: string[]): Promise<Record<string, unknown>[]> =>
    JSON.parse((await runner.run(['ip', '-json', ...args])).stdout || '[]')
  const [hostMac, peerMac] = ['02:00:00:00:00:01', '02:00:00:00:00:02']
  before(async () => {
    ;[outside, inside] = [await openTestNetwork(), await openTestNetwork()]
    const veth = { name: 'ins.101', peer: 'eth0', pid: inside.pid, mtu: 1380, hostMac, peerMac }
    const routes = [{ destination: '192.0.2.7/32', device: 'ins.101', neighbourMac: peerMac }]
    await linksOf(outside).attach(veth, routes)
  })
  after(() => {
    outside[Symbol.dispose]()
    inside[Symbol.dispose]()
  })

  test('the inner end has its name, MAC and MTU, and is still down', async () => {
    const [link] = await ask(inside, 'link', 'show', 'dev', 'eth0')
    assert.deepEqual([link?.['address'], link?.['mtu'], link?.['operstate']], [peerMac, 1380, 'DOWN'])
  })

  test('the outer end has a permanent neighbour and no address of its own', async () => {
    const [neighbour] = await ask(outside, 'neighbour', 'show', 'dev', 'ins.101')
    assert.deepEqual([neighbour?.['dst'], neighbour?.['lladdr'], neighbour?.['state']], ['192.0.2.7', peerMac, ['PERMANENT']])
    await inside.runner.run(['ip', 'link', 'set', 'eth0', 'up'])
    const [addresses] = await ask(outside, 'address', 'show', 'dev', 'ins.101')
    assert.deepEqual(addresses?.['addr_info'], [])
  })

  test('packets pass and are counted; a removed route takes its neighbour along', async () => {
    const links = linksOf(outside)
    await outside.runner.run(['ip', 'address', 'add', '169.254.0.1/32', 'dev', 'ins.101'])
    for (const argv of [
      ['ip', 'address', 'add', '192.0.2.7/32', 'dev', 'eth0'],
      ['ip', 'route', 'add', '169.254.0.1/32', 'dev', 'eth0'],
    ] as const) {
      await inside.runner.run(argv)
    }
    // Nobody listens there: the answer is an ICMP message.
    const send = "const socket = require('dgram').createSocket('udp4'); socket.send('x', 9, '192.0.2.7', () => socket.close())"
    await outside.runner.run([process.execPath, '-e', send])
    const [link] = await links.list('ins.101')
    assert.ok((link?.txBytes ?? 0) > 0, 'nothing sent')
    assert.ok((link?.rxBytes ?? 0) > 0, 'nothing received')
    await links.setRoutes('ins.101', [])
    assert.deepEqual(await ask(outside, 'neighbour', 'show', 'nud', 'permanent', 'dev', 'ins.101'), [])
  })

  test('what the far end claims by ARP is not learned', async () => {
    const claims = ['192.0.2.200', '192.0.2.201', '192.0.2.202']
    for (const claim of claims) {
      await inside.runner.run(['ip', 'address', 'add', `${claim}/32`, 'dev', 'eth0'])
      const ask =
        "const socket = require('dgram').createSocket('udp4'); socket.bind(0, process.argv[1], () => socket.send('x', 9, '169.254.0.1', () => socket.close()))"
      await inside.runner.run(['ip', 'neighbour', 'flush', 'dev', 'eth0'])
      await inside.runner.run([process.execPath, '-e', ask, claim])
    }
    const known = await ask(outside, 'neighbour', 'show', 'nud', 'all', 'dev', 'ins.101')
    assert.deepEqual(
      known.filter(({ dst }) => claims.includes(String(dst))),
      [],
    )
  })

  test('the uplink is the device of the default route with the least metric', async () => {
    const links = linksOf(outside)
    const lines = [
      'link add name up0 mtu 1350 type veth peer name up1',
      'link set dev up0 up',
      'address add 198.51.100.2/24 dev up0',
      'route add default via 198.51.100.9 dev up0 metric 200',
      'route add default via 198.51.100.1 dev up0 metric 100',
    ]
    await outside.runner.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` })
    assert.deepEqual(await links.uplink(), { device: 'up0', mtu: 1350, gateway: '198.51.100.1' })
    const networks = (await links.networks()).filter(({ device }) => device === 'up0').map(({ cidr }) => cidr)
    assert.deepEqual(networks, ['198.51.100.0/24', '198.51.100.2/24'])
  })

  test('the uplink is the first of several ways of one route, and its gateway can be of the other family', async () => {
    const links = linksOf(outside)
    const set = (...words: readonly string[]): Promise<unknown> => outside.runner.run(['ip', '-4', 'route', ...words])
    const hops = ['nexthop', 'via', '198.51.100.7', 'dev', 'up0', 'nexthop', 'via', '198.51.100.8', 'dev', 'up0']
    await set('add', 'default', 'metric', '50', ...hops)
    assert.deepEqual(await links.uplink(), { device: 'up0', mtu: 1350, gateway: '198.51.100.7' })
    await set('add', 'default', 'via', 'inet6', 'fe80::1', 'dev', 'up0', 'metric', '10')
    assert.deepEqual(await links.uplink(), { device: 'up0', mtu: 1350, gateway: 'fe80::1' })
  })

  test('routes that lead nowhere are networks without a link', async () => {
    await outside.runner.run(['ip', 'route', 'add', 'unreachable', '203.0.113.0/24'])
    assert.ok((await linksOf(outside).networks()).some(({ cidr, device }) => cidr === '203.0.113.0/24' && device === ''))
  })

  test('a hundred changes leave no descriptor open', async () => {
    const links = linksOf(outside)
    const descriptors = (): number => readdirSync('/proc/self/fd').length
    const before = descriptors()
    for (let round = 0; round < 100; round++) {
      await links.setRoutes('ins.101', [{ destination: '192.0.2.7/32', device: 'ins.101', neighbourMac: peerMac }])
      await assert.rejects(links.routes('no-link'), LinkMissing)
    }
    assert.equal(descriptors(), before)
  })

  test('thousands of routes are told whole', async () => {
    const host = (index: number): string => `10.${index >> 8}.${index & 255}.1/32`
    const destinations = Array.from({ length: 2_000 }, (_, index) => host(index))
    const links = linksOf(outside)
    await links.setRoutes(
      'ins.101',
      destinations.map((destination) => ({ destination, device: 'ins.101' })),
    )
    assert.deepEqual(new Set(await links.routes('ins.101')), new Set(destinations))
    await links.setRoutes('ins.101', [])
    assert.deepEqual(await links.routes('ins.101'), [])
  })
})
