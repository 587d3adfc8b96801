import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { bootOrder } from './boot-order.ts'

const fleet = fc.uniqueArray(fc.record({ id: fc.integer({ min: 101, max: 200 }), onboot: fc.boolean(), bootOrder: fc.nat(4) }), {
  selector: ({ id }) => id,
})

describe('boot order', () => {
  it('is by order, then by id, of those that start with the node', () => {
    const given = [
      { id: 103, onboot: true, bootOrder: 1 },
      { id: 101, onboot: true, bootOrder: 2 },
      { id: 102, onboot: true, bootOrder: 1 },
      { id: 104, onboot: false, bootOrder: 0 },
    ]
    assert.deepEqual(
      bootOrder(given).map(({ id }) => id),
      [102, 103, 101],
    )
  })

  it('is the same however the VPSs were listed, and leaves out none that starts', () => {
    fc.assert(
      fc.property(fleet, (all) => {
        const ordered = bootOrder(all)
        assert.deepEqual(bootOrder(all.toReversed()), ordered)
        assert.equal(ordered.length, all.filter(({ onboot }) => onboot).length)
        for (const [index, later] of ordered.entries()) {
          const earlier = ordered[index - 1]
          if (earlier === undefined) continue
          assert.ok(earlier.bootOrder < later.bootOrder || (earlier.bootOrder === later.bootOrder && earlier.id < later.id))
        }
      }),
    )
  })
})
