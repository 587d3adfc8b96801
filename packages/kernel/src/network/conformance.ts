/** What every ConfigureNetwork does. */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { NetworkRefused } from '../netlink/refused.ts'
import { type ConfigureNetwork, LinkMissing, type NetworkStep } from './network.ts'

export interface ConfigureSubject {
  readonly configure: ConfigureNetwork
  /** A process with a network namespace of its own in which there is a link "eth0", which is down. */
  readonly pid: number
  /** A pid that no process has. */
  readonly absent: number
  /** IPv4 of its "eth0" in the main table, permanent neighbours alone. */
  show(): Promise<SeenDevice>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

export interface SeenDevice {
  readonly up: boolean
  readonly addresses: readonly string[]
  /** "192.0.2.1/32", with its "via" and "src". */
  readonly routes: readonly string[]
  /** Address and MAC. */
  readonly neighbours: readonly string[]
}

const MAC = '02:00:00:00:00:01'
const device = 'eth0'
const gateway = '169.254.0.1'
const address = (last: number): NetworkStep => ({ kind: 'address', cidr: `192.0.2.${last}/32`, device })
const UP: readonly NetworkStep[] = [
  { kind: 'up', device: 'lo' },
  { kind: 'up', device },
]
const wayOut = (source: string): readonly NetworkStep[] => [
  { kind: 'neighbour', address: gateway, device, mac: MAC },
  { kind: 'route', destination: `${gateway}/32`, device },
  { kind: 'route', destination: '0.0.0.0/0', device, gateway, source },
]

export function configureConformance(name: string, open: () => Promise<ConfigureSubject>): void {
  describe(`${name} is a ConfigureNetwork`, () => {
    let subject: ConfigureSubject
    const apply = (...steps: readonly NetworkStep[]): Promise<void> => subject.configure(subject.pid, steps)
    const refused = (code: string, what: RegExp) => (error: unknown) =>
      error instanceof NetworkRefused && error.code === code && what.test(error.message)
    before(async () => {
      subject = await open()
    })
    after(() => subject[Symbol.asyncDispose]())

    test('over a link that is down there is no way', async () => {
      await assert.rejects(
        apply({ kind: 'route', destination: '192.0.2.9/32', device }),
        refused(
          'ENETDOWN',
          /^cannot set the route to 192\.0\.2\.9\/32 over eth0: network is down \(ENETDOWN\): Device for nexthop is not up$/,
        ),
      )
    })

    test('the same steps again change nothing', async () => {
      const steps = [...UP, address(7), address(8), ...wayOut('192.0.2.7')]
      for (let twice = 0; twice < 2; twice++) {
        await apply(...steps)
        assert.deepEqual(await subject.show(), {
          up: true,
          addresses: ['192.0.2.7/32', '192.0.2.8/32'],
          routes: ['0.0.0.0/0 via 169.254.0.1 src 192.0.2.7', '169.254.0.1/32'],
          neighbours: [`169.254.0.1 ${MAC}`],
        } satisfies SeenDevice)
      }
    })

    test('one address makes place for another, and takes the routes along whose source it was', async () => {
      await apply(address(9), { kind: 'address', cidr: '192.0.2.7/32', device, absent: true })
      const { addresses, routes } = await subject.show()
      assert.deepEqual([addresses, routes], [['192.0.2.8/32', '192.0.2.9/32'], ['169.254.0.1/32']])
      await apply(...wayOut('192.0.2.9'))
      assert.deepEqual((await subject.show()).routes, ['0.0.0.0/0 via 169.254.0.1 src 192.0.2.9', '169.254.0.1/32'])
    })

    test('what shall be absent can have been absent', async () => {
      for (let twice = 0; twice < 2; twice++) {
        await apply(
          { kind: 'route', destination: '0.0.0.0/0', device, absent: true },
          { kind: 'route', destination: `${gateway}/32`, device, absent: true },
          { kind: 'neighbour', address: gateway, device, mac: null },
          { kind: 'address', cidr: '192.0.2.8/32', device, absent: true },
        )
      }
      assert.deepEqual(await subject.show(), { up: true, addresses: ['192.0.2.9/32'], routes: [], neighbours: [] })
    })

    test('after a step that is refused the others are carried out, and the first refusal is told', async () => {
      const unreachable: NetworkStep = { kind: 'route', destination: '192.0.2.200/32', device, gateway: '192.0.2.250' }
      const foreign: NetworkStep = { kind: 'route', destination: '192.0.2.201/32', device, source: '192.0.2.251' }
      await assert.rejects(
        apply(unreachable, foreign, address(10)),
        refused(
          'ENETUNREACH',
          /^cannot set the route to 192\.0\.2\.200\/32 via 192\.0\.2\.250 over eth0: .*: Nexthop has invalid gateway$/,
        ),
      )
      await assert.rejects(apply(foreign), refused('EINVAL', /: Invalid prefsrc address$/))
      const { addresses, routes } = await subject.show()
      assert.deepEqual([addresses, routes], [['192.0.2.10/32', '192.0.2.9/32'], []])
    })

    test('what is no address, and a link or a process that is not there, is refused before anything is done', async () => {
      const seen = await subject.show()
      for (const cidr of ['192.0.2.1', '192.0.2.1/33', '192.0.2.256/32', 'fe80::1%eth0/64', '']) {
        await assert.rejects(apply(address(11), { kind: 'address', cidr, device }), TypeError)
      }
      await assert.rejects(apply(address(11), { kind: 'up', device: 'eth1' }), (error: unknown) => {
        assert.ok(error instanceof LinkMissing)
        assert.equal(error.link, 'eth1')
        return true
      })
      await assert.rejects(subject.configure(subject.absent, [address(11)]), /ENOENT/)
      assert.deepEqual(await subject.show(), seen)
    })

    test('more addresses than answers fit a socket', async () => {
      const many = Array.from({ length: 600 }, (_, index) => `198.18.${index >> 8}.${index & 255}/32`)
      await apply(...many.map((cidr): NetworkStep => ({ kind: 'address', cidr, device })))
      assert.equal((await subject.show()).addresses.filter((cidr) => many.includes(cidr)).length, many.length)
    })
  })
}
