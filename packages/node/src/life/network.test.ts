import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { changeLines, innerLines, routesOf, vethOf } from './network.ts'

const wires = { linkPrefix: 'ins', mtu: 1400, macSeed: 7 }
const address = fc.nat(250).map((last) => `10.77.0.${last + 1}`)
const addresses = fc.uniqueArray(address, { maxLength: 6 })

/** What `ip -batch` would make of the lines, strictly: to add what is there or delete what is not is an error. */
function run(lines: readonly string[], has: Set<string>): Set<string> {
  for (const line of lines) {
    const [, verb, cidr = ''] = /^address (add|replace|delete) (\S+) dev eth0$/.exec(line) ?? []
    if (verb === 'add') assert.ok(!has.has(cidr), line)
    if (verb === 'delete') assert.ok(has.delete(cidr), line)
    else if (verb) has.add(cidr)
    if (line.startsWith('route replace default')) assert.ok(has.has(`${line.split(' ').at(-1)}/32`), `no such source: ${line}`)
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
    assert.ok(innerLines(['10.77.0.1']).includes('link set dev eth0 arp off up'))
  })

  it('comes from any set of addresses to any other, also when the tenant took some away', () => {
    fc.assert(
      fc.property(addresses, addresses, fc.nat(), (before, after, pick) => {
        const has = run(innerLines(before), new Set())
        assert.deepEqual([...has].toSorted(), cidrs(before))
        const taken = [...has][pick % Math.max(1, has.size)]
        if (taken !== undefined) has.delete(taken)
        run(changeLines(before, after), has)
        assert.deepEqual([...has].toSorted(), cidrs(after))
      }),
    )
  })

  it('is brought to hold again by lines that can be repeated', () => {
    fc.assert(
      fc.property(addresses, (list) => {
        const has = run(innerLines(list), new Set())
        assert.deepEqual([...run(changeLines(list, list), has)].toSorted(), cidrs(list))
      }),
    )
  })
})
