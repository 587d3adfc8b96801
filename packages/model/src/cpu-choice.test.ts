import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { chooseCpus } from './cpu-choice.ts'

const online = fc.uniqueArray(fc.nat(31), { minLength: 1, maxLength: 16 })
const wanted = fc.integer({ min: 1, max: 20 })
const load = fc.array(fc.tuple(fc.nat(31), fc.nat(5))).map((pairs) => new Map(pairs))

describe('the CPUs of a VPS', () => {
  it('are all of them, and those to come, when no count is wanted', () => {
    assert.equal(chooseCpus([0, 1], null, new Map()), null)
  })

  it('are the least loaded, the lowest number first', () => {
    assert.deepEqual(chooseCpus([0, 1, 2, 3], 2, new Map()), [0, 1])
    assert.deepEqual(
      chooseCpus(
        [3, 2, 1, 0],
        2,
        new Map([
          [0, 2],
          [1, 1],
        ]),
      ),
      [2, 3],
    )
    assert.deepEqual(chooseCpus([0, 1, 2], 2, new Map([[0, 1]])), [1, 2])
  })

  it('stay while they are online, whatever the load became', () => {
    assert.deepEqual(
      chooseCpus(
        [0, 1, 2, 3],
        2,
        new Map([
          [2, 9],
          [3, 9],
        ]),
        [3, 2],
      ),
      [2, 3],
    )
    assert.deepEqual(chooseCpus([0, 1, 2, 3], 3, new Map([[0, 1]]), [2, 3]), [1, 2, 3])
    assert.deepEqual(chooseCpus([0, 1, 2, 3], 1, new Map([[2, 1]]), [2, 3]), [3])
    assert.deepEqual(chooseCpus([0, 1, 2], 2, new Map(), [2, 3]), [0, 2])
  })

  it('are as many as wanted of those online, different and ascending', () => {
    fc.assert(
      fc.property(online, wanted, load, online, (cpus, many, loads, current) => {
        const chosen = chooseCpus(cpus, many, loads, current) ?? []
        assert.equal(chosen.length, Math.min(many, cpus.length))
        assert.deepEqual(
          chosen,
          [...new Set(chosen)].toSorted((a, b) => a - b),
        )
        for (const cpu of chosen) assert.ok(cpus.includes(cpu))
      }),
    )
  })

  it('are none with a less loaded one left out', () => {
    fc.assert(
      fc.property(online, wanted, load, (cpus, many, loads) => {
        const chosen = chooseCpus(cpus, many, loads) ?? []
        const weight = (cpu: number): number => (loads.get(cpu) ?? 0) * 100 + cpu
        const left = cpus.filter((cpu) => !chosen.includes(cpu)).map(weight)
        assert.ok(Math.max(...chosen.map(weight)) < Math.min(...left, Infinity))
      }),
    )
  })

  it('are the same when chosen again, under any load', () => {
    fc.assert(
      fc.property(online, wanted, load, load, (cpus, many, before, after) => {
        const chosen = chooseCpus(cpus, many, before) ?? []
        assert.deepEqual(chooseCpus(cpus, many, after, chosen), chosen)
      }),
    )
  })
})
