import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import type { NetworkStep } from '@insula/kernel'
import { changeSteps, innerSteps, routesOf, vethOf } from './network.ts'

const wires = { linkPrefix: 'ins', mtu: 1400, macSeed: 7 }
const address = fc.nat(250).map((last) => `10.77.0.${last + 1}`)
const addresses = fc.uniqueArray(address, { maxLength: 6 })

/** What the kernel would make of the steps: a route's source has to be an address that is there. */
function run(steps: readonly NetworkStep[], has: Set<string>): Set<string> {
  for (const step of steps) {
    if (step.kind === 'address' && step.absent) has.delete(step.cidr)
    else if (step.kind === 'address') has.add(step.cidr)
    if (step.kind === 'route' && step.source !== undefined)
      assert.ok(has.has(`${step.source}/32`), `no such source: ${step.source}`)
  }
  return has
}
const cidrs = (list: readonly string[]): string[] => list.map((one) => `${one}/32`).toSorted()

describe('the network inside a VPS', () => {
  it("follows the uplink's MTU, and needs no ARP: both ends have one MAC, and it is off before the link is up", () => {
    const veth = vethOf(wires, 101, 4242)
    assert.deepEqual([veth.name, veth.peer, veth.pid, veth.mtu], ['ins.101', 'eth0', 4242, 1400])
    assert.deepEqual(routesOf(wires, 101, ['10.77.0.1']), [
      { destination: '10.77.0.1/32', device: 'ins.101', neighbourMac: veth.peerMac },
    ])
    assert.equal(veth.hostMac, veth.peerMac)
    assert.deepEqual(innerSteps(['10.77.0.1'])[1], { kind: 'up', device: 'eth0', arp: false })
  })

  it('comes from any set of addresses to any other, also when the tenant took some away', () => {
    fc.assert(
      fc.property(addresses, addresses, fc.nat(), (before, after, pick) => {
        const has = run(innerSteps(before), new Set())
        assert.deepEqual([...has].toSorted(), cidrs(before))
        const taken = [...has][pick % Math.max(1, has.size)]
        if (taken !== undefined) has.delete(taken)
        run(changeSteps(before, after), has)
        assert.deepEqual([...has].toSorted(), cidrs(after))
      }),
    )
  })

  it('is brought to hold again by steps that can be repeated', () => {
    fc.assert(
      fc.property(addresses, (list) => {
        const has = run(innerSteps(list), new Set())
        assert.deepEqual([...run(changeSteps(list, list), has)].toSorted(), cidrs(list))
      }),
    )
  })
})
