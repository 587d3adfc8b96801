/** What every Links does. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { NetworkRefused } from '../netlink/refused.ts'
import { LinkMissing } from '../network/network.ts'
import { type Links, type RouteSpec, RouteTaken, type VethSpec } from './links.ts'

export interface LinkSubject {
  readonly links: Links
  /** A process with a network namespace of its own, for inner ends. */
  readonly pid: number
  /** Number of no process. */
  readonly deadPid: number
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const MAC = '02:00:00:00:00:01'
const PEER_MAC = '02:00:00:00:00:02'

export function linkConformance(name: string, open: () => Promise<LinkSubject>): void {
  describe(`${name} is a Links`, () => {
    let subject: LinkSubject
    let links: Links
    before(async () => {
      subject = await open()
      links = subject.links
    })
    after(() => subject[Symbol.asyncDispose]())
    const veth = (name: string, changes: Partial<VethSpec> = {}): VethSpec => ({
      name,
      peer: `in-${name}`,
      pid: subject.pid,
      mtu: 1400,
      hostMac: MAC,
      peerMac: PEER_MAC,
      ...changes,
    })
    const route = (device: string, destination: string): RouteSpec => ({ destination, device, neighbourMac: PEER_MAC })

    test('a pair is made, its host end without ARP, listed, and removed twice', async () => {
      await links.attach(veth('ct1'), [])
      assert.deepEqual(await links.list('ct1'), [
        { name: 'ct1', mac: MAC, mtu: 1400, up: true, arp: false, rxBytes: 0, txBytes: 0 },
      ])
      assert.deepEqual(await links.list('no'), [])
      await links.remove('ct1')
      await links.remove('ct1')
      assert.deepEqual(await links.list('ct'), [])
    })

    test('a pair of the same name is replaced', async () => {
      await links.attach(veth('ct2'), [route('ct2', '192.0.2.7/32')])
      await links.attach(veth('ct2', { mtu: 1300, hostMac: '02:00:00:00:00:09' }), [route('ct2', '192.0.2.8/32')])
      const [link] = await links.list('ct2')
      assert.deepEqual([link?.mac, link?.mtu], ['02:00:00:00:00:09', 1300])
      assert.deepEqual(await links.routes('ct2'), ['192.0.2.8/32'])
      await links.remove('ct2')
    })

    test('routes become exactly what is said, of both families', async () => {
      const sorted = async (): Promise<string[]> => (await links.routes('ct3')).toSorted()
      await links.attach(veth('ct3'), [route('ct3', '192.0.2.1/32'), route('ct3', '2001:db8::1/128')])
      assert.deepEqual(await sorted(), ['192.0.2.1/32', '2001:db8::1/128'])
      const next = [route('ct3', '192.0.2.2/32'), route('ct3', '2001:db8::2/128'), { destination: '192.0.2.3/32', device: 'ct3' }]
      for (let twice = 0; twice < 2; twice++) await links.setRoutes('ct3', next)
      assert.deepEqual(await sorted(), ['192.0.2.2/32', '192.0.2.3/32', '2001:db8::2/128'])
      assert.deepEqual(
        (await links.networks()).filter(({ device }) => device === 'ct3').map(({ cidr }) => cidr),
        ['192.0.2.2/32', '192.0.2.3/32'],
      )
      await links.setRoutes('ct3', [])
      assert.deepEqual(await sorted(), [])
      await links.remove('ct3')
    })

    test('a route of another link is neither taken nor removed', async () => {
      const taken = (error: unknown): boolean =>
        error instanceof RouteTaken && error.destination === '192.0.2.1/32' && error.device === 'ct7'
      await links.attach(veth('ct7'), [route('ct7', '192.0.2.1/32'), route('ct7', '192.0.2.2/32')])
      await assert.rejects(links.attach(veth('ct8'), [route('ct8', '192.0.2.3/32'), route('ct8', '192.0.2.1/32')]), taken)
      assert.deepEqual(await links.list('ct8'), [])
      await links.attach(veth('ct8'), [route('ct8', '192.0.2.3/32')])
      await assert.rejects(links.setRoutes('ct8', [route('ct8', '192.0.2.1/32')]), taken)
      await links.setRoutes('ct8', [])
      await links.remove('ct8')
      assert.deepEqual((await links.routes('ct7')).toSorted(), ['192.0.2.1/32', '192.0.2.2/32'])
      await links.remove('ct7')
    })

    test('of an attempt that failed nothing is left', async () => {
      await assert.rejects(
        links.attach(veth('ct4', { pid: subject.deadPid }), []),
        (error: unknown) =>
          error instanceof NetworkRefused && /^cannot make the link ct4 .*: no such process \(ESRCH\)/.test(error.message),
      )
      await assert.rejects(
        links.attach(veth('ct4'), [route('no-device', '192.0.2.1/32')]),
        (error: unknown) => error instanceof LinkMissing && error.link === 'no-device',
      )
      assert.deepEqual(await links.list('ct4'), [])
    })

    test('what is no name or address is refused', async () => {
      for (const name of ['a-name-of-16-byte', 'a b', 'a\nlink del ct', '']) {
        await assert.rejects(links.attach(veth(name), []), TypeError)
      }
      await assert.rejects(links.attach(veth('ct5'), [route('ct5', '192.0.2.1/32 via 192.0.2.9')]), TypeError)
      assert.deepEqual(await links.list('ct5'), [])
    })

    test('a link that is not there', async () => {
      const missing = (error: unknown): boolean => error instanceof LinkMissing && error.link === 'ct6'
      await assert.rejects(links.routes('ct6'), missing)
      await assert.rejects(links.setRoutes('ct6', []), missing)
    })

    test('without a default route there is no uplink', async () => {
      assert.equal(await links.uplink(), null)
    })
  })
}
