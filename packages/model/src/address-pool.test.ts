import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { checkAddress } from './address-check.ts'
import { allocate, countFree } from './address-pool.ts'
import { type Cidr, formatIpv4, lastOf, parseCidr, parseIpv4 } from './ipv4.ts'

function cidr(text: string): Cidr {
  const parsed = parseCidr(text)
  assert.ok(parsed !== null, text)
  return parsed
}

const give = (pool: string, used: string[], count: number): string[] | null =>
  allocate(cidr(pool), new Set(used.map((text) => parseIpv4(text) ?? -1)), count)?.map(formatIpv4) ?? null

/** Small pools, some at the edge of reserved ranges; used addresses in and around them. */
const pool: fc.Arbitrary<Cidr> = fc
  .tuple(
    fc.constantFrom(0x0a4d_0000, 0x7e_ff_ff_00, 0x7f00_0000, 0xa9fd_ff00, 0xdfff_ff00),
    fc.nat(255),
    fc.integer({ min: 24, max: 32 }),
  )
  .map(([near, low, bits]) => ({ base: near + low - (low % 2 ** (32 - bits)), prefix: bits }))
const poolAndUsed = pool.chain((block) =>
  fc.tuple(
    fc.constant(block),
    fc.uniqueArray(fc.integer({ min: block.base - 2, max: lastOf(block) + 2 }), { maxLength: 300 }).map((all) => new Set(all)),
  ),
)

describe('a pool', () => {
  it('gives the lowest free addresses', () => {
    assert.deepEqual(give('10.77.0.0/24', [], 2), ['10.77.0.1', '10.77.0.2'])
    assert.deepEqual(give('10.77.0.0/24', ['10.77.0.1', '10.77.0.3'], 2), ['10.77.0.2', '10.77.0.4'])
  })

  it('keeps its network and broadcast address, unless it has only two or one', () => {
    assert.deepEqual(give('10.77.0.0/30', [], 2), ['10.77.0.1', '10.77.0.2'])
    assert.equal(give('10.77.0.0/30', [], 3), null)
    assert.deepEqual(give('10.77.0.4/31', [], 2), ['10.77.0.4', '10.77.0.5'])
    assert.deepEqual(give('10.77.0.9/32', [], 1), ['10.77.0.9'])
  })

  it('gives nothing that is reserved, however the pool lies', () => {
    assert.equal(give('127.0.0.0/8', [], 1), null)
    assert.deepEqual(give('0.0.0.0/0', [], 1), ['1.0.0.0'])
    assert.equal(countFree(cidr('0.0.0.0/0'), []), 2 ** 32 - 2 * 2 ** 24 - 2 ** 16 - 2 * 2 ** 28)
  })

  it('gives free addresses of its own, different, ascending, and such as may be named too', () => {
    fc.assert(
      fc.property(poolAndUsed, fc.nat(20), ([block, used], count) => {
        const given = allocate(block, used, count)
        if (given === null) return
        assert.equal(given.length, count)
        assert.deepEqual(
          given,
          [...new Set(given)].toSorted((a, b) => a - b),
        )
        const holders = new Map([...used].map((address) => [address, 'other']))
        for (const address of given) {
          const refused = checkAddress(formatIpv4(address), {
            pool: block,
            used: holders,
            nodeNetworks: [],
            routed: new Map(),
            needed: new Map(),
          })
          assert.equal(refused, null, refused?.message)
          assert.ok(address >= block.base && address <= lastOf(block))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('skips no free address below one that it gives', () => {
    fc.assert(
      fc.property(poolAndUsed, ([block, used]) => {
        const lowest = allocate(block, used, 1)?.[0] ?? lastOf(block) + 1
        const holders = new Map([...used].map((address) => [address, 'other']))
        for (let address = block.base; address < lowest; address += 1) {
          assert.notEqual(
            checkAddress(formatIpv4(address), {
              pool: block,
              used: holders,
              nodeNetworks: [],
              routed: new Map(),
              needed: new Map(),
            }),
            null,
            formatIpv4(address),
          )
        }
      }),
      { numRuns: 300 },
    )
  })

  it('gives as many as it counts free, and not one more', () => {
    fc.assert(
      fc.property(poolAndUsed, ([block, used]) => {
        const free = countFree(block, used)
        assert.equal(allocate(block, used, free)?.length, free)
        assert.equal(allocate(block, used, free + 1), null)
      }),
      { numRuns: 300 },
    )
  })

  it('gives all of itself one by one, and each address again once it is free', () => {
    fc.assert(
      fc.property(pool, fc.nat(), (block, pick) => {
        const used = new Set<number>()
        for (let given = allocate(block, used, 1); given !== null; given = allocate(block, used, 1)) used.add(given[0] ?? -1)
        assert.equal(countFree(block, used), 0)
        const returned = [...used][pick % Math.max(1, used.size)]
        if (returned === undefined) return
        used.delete(returned)
        assert.deepEqual(allocate(block, used, 1), [returned])
      }),
      { numRuns: 50 },
    )
  })

  it('counts an address once that is told twice, and none from elsewhere', () => {
    assert.equal(countFree(cidr('10.77.0.0/29'), [0x0a4d_0001, 0x0a4d_0001, 0x0a4e_0001, 0x0a4d_0000]), 5)
  })
})
