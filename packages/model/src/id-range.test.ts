import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { ID_RANGE_SIZE, VPS_ID_FIRST, nextIdRange, nextVpsId } from './id-range.ts'

describe('ids of VPSs', () => {
  it('are the lowest free one, 101 and up', () => {
    assert.equal(nextVpsId(new Set()), 101)
    assert.equal(nextVpsId(new Set([1, 101, 102, 104])), 103)
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 95, max: 140 })), (ids) => {
        const used = new Set(ids)
        const next = nextVpsId(used)
        assert.ok(next >= VPS_ID_FIRST && !used.has(next))
        for (let id = VPS_ID_FIRST; id < next; id += 1) assert.ok(used.has(id))
      }),
    )
  })
})

const start = fc.oneof(
  fc.integer({ min: 0, max: 40 * ID_RANGE_SIZE }),
  fc.integer({ min: 2 ** 32 - 40 * ID_RANGE_SIZE, max: 2 ** 32 - 1 }),
  fc.nat(40).map((slot) => slot * ID_RANGE_SIZE),
)
const count = fc.nat(20)
const apart = (a: number, b: number): boolean => Math.abs(a - b) >= ID_RANGE_SIZE

describe('id ranges', () => {
  it('are the lowest free ones', () => {
    const first = 2 ** 28
    assert.equal(nextIdRange(first, 3, []), first)
    assert.equal(nextIdRange(first, 3, [first, first + 2 * ID_RANGE_SIZE]), first + ID_RANGE_SIZE)
    assert.equal(
      nextIdRange(
        first,
        3,
        [0, 1, 2].map((slot) => first + slot * ID_RANGE_SIZE),
      ),
      null,
    )
    assert.equal(nextIdRange(100_000, 1, []), 2 * ID_RANGE_SIZE)
  })

  it("never hold the host's own ids or the last id of all", () => {
    assert.equal(nextIdRange(0, 2, []), ID_RANGE_SIZE)
    assert.equal(nextIdRange(2 ** 32 - 2 * ID_RANGE_SIZE, 2, []), 2 ** 32 - 2 * ID_RANGE_SIZE)
    assert.equal(nextIdRange(2 ** 32 - ID_RANGE_SIZE, 1, []), null)
  })

  it('are disjoint, aligned and within their slots, one after the other until none is left', () => {
    fc.assert(
      fc.property(start, count, (from, slots) => {
        const bases: number[] = []
        for (let base = nextIdRange(from, slots, bases); base !== null; base = nextIdRange(from, slots, bases)) {
          assert.ok(base % ID_RANGE_SIZE === 0 && base >= from && base >= ID_RANGE_SIZE && base + ID_RANGE_SIZE < 2 ** 32)
          assert.ok(base < from + slots * ID_RANGE_SIZE + ID_RANGE_SIZE)
          for (const other of bases) assert.ok(apart(base, other), `${base} meets ${other}`)
          bases.push(base)
        }
        assert.ok(bases.length <= slots)
      }),
    )
  })

  it('meet no range in use, aligned or not, and skip none that is free', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 24 * ID_RANGE_SIZE }), { maxLength: 15 }),
        fc.integer({ min: 1, max: 20 }),
        (used, first) => {
          const from = first * ID_RANGE_SIZE
          const base = nextIdRange(from, 8, used)
          for (let free = from; free < (base ?? from + 8 * ID_RANGE_SIZE); free += ID_RANGE_SIZE) {
            assert.ok(!used.every((other) => apart(free, other)), `${free} was free`)
          }
          if (base !== null) for (const other of used) assert.ok(apart(base, other), `${base} meets ${other}`)
        },
      ),
      { numRuns: 500 },
    )
  })
})
