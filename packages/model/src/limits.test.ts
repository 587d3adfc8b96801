import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { DEFAULT_LIMITS, type Limits, checkLimits, limitsWithoutEffect, mergeLimits } from './limits.ts'

const node = { cpus: 4, memoryBytes: 8 * 1024 ** 3 }

const orNull = (least: number, most: number): fc.Arbitrary<number | null> => fc.option(fc.integer({ min: least, max: most }))
const fields = {
  memory: orNull(1024 ** 2, 2 ** 45),
  swap: orNull(0, 2 ** 45),
  cpuUnits: fc.integer({ min: 8, max: 500_000 }),
  cpuLimit: orNull(1, 400),
  cpus: orNull(1, node.cpus),
  pids: orNull(1, 4_194_304),
  disk: orNull(2 ** 30, 2 ** 50),
  diskSoft: orNull(2 ** 20, 2 ** 30),
  inodes: orNull(1_000, 2 ** 40),
  inodesSoft: orNull(100, 1_000),
}
const limits: fc.Arbitrary<Limits> = fc.record(fields)
const change = fc.record(fields, { requiredKeys: [] })

describe('limits', () => {
  it('that are the default are legal on the smallest node', () => {
    assert.deepEqual(checkLimits(DEFAULT_LIMITS, { cpus: 1 }), [])
  })

  it('merge: what is named changes, null included, all else stays', () => {
    fc.assert(
      fc.property(limits, change, (base, wanted) => {
        const merged = mergeLimits(base, wanted)
        for (const field of Object.keys(fields) as (keyof Limits)[]) {
          assert.equal(merged[field], Object.hasOwn(wanted, field) ? wanted[field] : base[field], field)
        }
        assert.deepEqual(mergeLimits(merged, wanted), merged, 'the same change twice is the change once')
      }),
    )
    assert.deepEqual(mergeLimits(DEFAULT_LIMITS, { memory: undefined, cpuUnits: undefined, pids: null }), {
      ...DEFAULT_LIMITS,
      pids: null,
    })
  })

  it('in range are legal, alone and merged', () => {
    fc.assert(
      fc.property(limits, change, (base, wanted) => {
        assert.deepEqual(checkLimits(mergeLimits(base, wanted), node), [])
      }),
    )
  })

  it('out of range are refused, each by its field', () => {
    const bad: readonly (readonly [keyof Limits, number])[] = [
      ['memory', 1024 ** 2 - 1],
      ['memory', 2 ** 60],
      ['disk', 2 ** 20 - 1],
      ['inodes', 0],
      ['diskSoft', DEFAULT_LIMITS.disk === null ? 0 : DEFAULT_LIMITS.disk + 1],
      ['swap', -1],
      ['cpuUnits', 7],
      ['cpuUnits', 500_001],
      ['cpuLimit', 0],
      ['cpuLimit', Number.NaN],
      ['cpuLimit', Number.POSITIVE_INFINITY],
      ['cpus', 0],
      ['cpus', 1.5],
      ['cpus', 5],
      ['cpus', 9000],
      ['pids', 0],
      ['pids', 4_194_305],
    ]
    for (const [field, value] of bad) {
      const problems = checkLimits({ ...DEFAULT_LIMITS, [field]: value }, node)
      assert.deepEqual(
        problems.map(({ path }) => path),
        [`limits.${field}`],
        `${field} ${value}`,
      )
    }
    assert.deepEqual(checkLimits({ ...DEFAULT_LIMITS, swap: -1, pids: 0 }, node).length, 2)
  })

  it('say in words what the node has', () => {
    assert.deepEqual(checkLimits({ ...DEFAULT_LIMITS, cpus: 5 }, node), [
      { path: 'limits.cpus', message: 'cpus asks for 5 CPUs, and this node has 4' },
    ])
    assert.deepEqual(checkLimits({ ...DEFAULT_LIMITS, pids: 2.5 }, node), [
      { path: 'limits.pids', message: 'pids must be a whole number from 1 to 4194304, and is 2.5' },
    ])
  })

  it('above the node are legal where they are no promise, and noted', () => {
    const generous = { ...DEFAULT_LIMITS, memory: node.memoryBytes + 1, cpuLimit: 201, cpus: 2 }
    assert.deepEqual(checkLimits(generous, node), [])
    assert.deepEqual(limitsWithoutEffect(generous, node), [
      { path: 'limits.memory', message: 'memory limit of 8589934593 bytes never applies: this node has 8589934592' },
      { path: 'limits.cpuLimit', message: 'cpuLimit of 201 never applies: 2 CPUs can give 200 per cent' },
    ])
    assert.deepEqual(limitsWithoutEffect({ ...generous, memory: node.memoryBytes, cpuLimit: 200 }, node), [])
    assert.deepEqual(limitsWithoutEffect({ ...generous, memory: null, cpuLimit: 400, cpus: null }, node), [])
  })
})
