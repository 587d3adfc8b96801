import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { macFor } from './mac.ts'

const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const id = fc.integer({ min: 1, max: 2 ** 31 - 1 })

describe('a hardware address', () => {
  it('is unicast, local, in the quadrant for administrators, and in the form ip(8) prints', () => {
    fc.assert(
      fc.property(seed, id, (from, vps) => {
        const mac = macFor(from, vps)
        assert.match(mac, /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/)
        assert.equal(Number.parseInt(mac.slice(0, 2), 16) & 0x0f, 0x02)
      }),
    )
    assert.equal(macFor(0x1234, 101), '02:00:01:23:40:cb')
    assert.equal(macFor(0xffff_ffff, 101), 'f2:ff:ff:ff:f0:cb')
  })

  it('is one VPS, and no other, within an instance', () => {
    fc.assert(
      fc.property(seed, id, id, (from, a, b) => {
        assert.equal(macFor(from, a) === macFor(from, b), a === b)
      }),
    )
    fc.assert(
      fc.property(seed, id, (from, vps) => {
        assert.notEqual(macFor(from, vps), macFor(from, (vps % (2 ** 31 - 1)) + 1))
        assert.equal(macFor(from, vps), macFor(from, vps))
      }),
    )
  })

  it('is never the same for two instances whose ids stay below 2,048', () => {
    const low = fc.integer({ min: 101, max: 2047 })
    const neighbours = seed.chain((first) =>
      fc.tuple(fc.constant(first), fc.constantFrom((first + 1) % 2 ** 32, (first + 7) % 2 ** 32)),
    )
    fc.assert(
      fc.property(fc.oneof(neighbours, fc.tuple(seed, seed)), low, low, ([first, second], a, b) => {
        fc.pre(first !== second)
        assert.notEqual(macFor(first, a), macFor(second, b))
      }),
      { numRuns: 1000 },
    )
  })
})
