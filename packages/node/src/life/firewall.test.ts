import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fakePacketFilter } from '@insula/kernel/fakes'
import { type FilteredVps, openFirewall, tableBody } from './firewall.ts'

const context = { table: 'insula', linkPrefix: 'ins', pool: null }
const one: FilteredVps = { link: 'ins.101', addresses: ['10.77.0.1', '10.77.0.2'], nat: true }
const two: FilteredVps = { link: 'ins.102', addresses: ['10.77.0.3'], nat: false }

describe('the table of the packet filter', () => {
  it('lets a link send from its own addresses and translates those that ask for it', () => {
    const body = tableBody(context, [one, two])
    assert.ok(body.includes('elements = { "ins.101" . 10.77.0.1, "ins.101" . 10.77.0.2, "ins.102" . 10.77.0.3 }'))
    assert.ok(body.includes('elements = { 10.77.0.1, 10.77.0.2 }'))
  })

  it('is as long for a thousand VPSs as for one, but for its sets', () => {
    const lines = (count: number): number =>
      tableBody(
        context,
        Array.from({ length: count }, (_, index) => ({ ...two, link: `ins.${index}` })),
      ).split('\n').length
    assert.equal(lines(1_000), lines(1))
  })

  it("keeps what is sent to nobody's address of the pool from leaving", () => {
    const body = tableBody({ ...context, pool: { cidr: '10.77.0.0/16', uplink: 'eth0' } }, [one])
    for (const hook of ['forward', 'output'])
      assert.match(
        body,
        new RegExp(`hook ${hook} priority filter; policy accept;\\s+oifname "eth0" ip daddr 10\\.77\\.0\\.0/16 drop`),
      )
    assert.ok(!tableBody(context, [one]).includes('daddr'))
  })

  it('drops all that comes from links when nobody has an address', () => {
    const body = tableBody(context, [])
    assert.ok(!body.includes('elements'))
    assert.match(body, /accept\s+drop\s+\}/)
  })
})

describe('the firewall', () => {
  it('replaces its table once for those who ask together, and who comes later is in a later one', async () => {
    const tables = fakePacketFilter()
    let replaced = 0
    const filter: typeof tables = {
      ...tables,
      async replaceTable(...args) {
        replaced += 1
        await tables.replaceTable(...args)
      },
    }
    const current = [one]
    const firewall = openFirewall(filter, context, () => current)
    const first = Promise.all([firewall.refresh(), firewall.refresh(), firewall.refresh()])
    current.push(two)
    await first
    assert.equal(replaced, 1)
    assert.ok(tables.bodies.get('inet insula')?.includes('ins.102'), 'made from what was there when it was replaced')
    current.pop()
    await firewall.refresh()
    assert.equal(replaced, 2)
    assert.ok(!tables.bodies.get('inet insula')?.includes('ins.102'))
  })

  it('tells everybody who waits when the rules are refused, and tries again for the next', async () => {
    let refuse: string | null = 'line 1: no'
    const firewall = openFirewall(
      fakePacketFilter(() => refuse),
      context,
      () => [one],
    )
    const results = await Promise.allSettled([firewall.refresh(), firewall.refresh()])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    refuse = null
    await firewall.refresh()
  })
})
