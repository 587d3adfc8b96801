import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  cpuList,
  memoryKnobsV1,
  memoryKnobsV2,
  parseCpuList,
  plainKnobsV1,
  plainKnobsV2,
  quotaOf,
  sharesOf,
  weightOf,
} from './knobs.ts'

const NONE = { memory: null, swap: null, cpuUnits: 1000, cpuLimit: null, cpuSet: null, pids: null }
const values = (knobs: readonly { file: string; value: string }[]) => knobs.map(({ file, value }) => `${file}=${value}`)

test('the default of units is the default of the kernel, and every number lies in its range', () => {
  assert.deepEqual([sharesOf(1000), weightOf(1000), sharesOf(2000), weightOf(500)], [1024, 100, 2048, 50])
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000 }), (units) => {
      assert.ok(sharesOf(units) >= 2 && sharesOf(units) <= 262_144)
      assert.ok(weightOf(units) >= 1 && weightOf(units) <= 10_000)
    }),
  )
})

test('a CPU limit is time in each tenth of a second', () => {
  assert.deepEqual([quotaOf(100), quotaOf(150), quotaOf(0.1)], [100_000, 150_000, 1_000])
})

test('CPU lists go to text and back', () => {
  assert.equal(cpuList([7, 0, 1, 2, 3, 3]), '0-3,7')
  assert.equal(cpuList([]), '')
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat({ max: 300 })), (cpus) => {
      assert.deepEqual(
        parseCpuList(cpuList(cpus)),
        cpus.toSorted((a, b) => a - b),
      )
    }),
  )
})

test('v1 keeps memory below the sum of memory and swap at every moment', () => {
  const limits = { ...NONE, memory: 100, swap: 50 }
  assert.deepEqual(values(memoryKnobsV1(limits, true)), ['memory.memsw.limit_in_bytes=150', 'memory.limit_in_bytes=100'])
  assert.deepEqual(values(memoryKnobsV1(limits, false)), ['memory.limit_in_bytes=100', 'memory.memsw.limit_in_bytes=150'])
  assert.deepEqual(values(memoryKnobsV1({ ...limits, swap: null }, true))[0], 'memory.memsw.limit_in_bytes=-1')
})

test('no limit is written as such', () => {
  assert.deepEqual(values(plainKnobsV1(NONE, '0-1')), [
    'cpu.shares=1024',
    'cpu.cfs_quota_us=-1',
    'cpuset.cpus=0-1',
    'pids.max=max',
  ])
  assert.deepEqual(values(plainKnobsV2(NONE, '\n')), ['cpu.weight=100', 'cpu.max=max 100000', 'cpuset.cpus=\n', 'pids.max=max'])
  assert.deepEqual(values(memoryKnobsV2(NONE)), ['memory.max=max', 'memory.swap.max=max'])
  assert.ok([...plainKnobsV1(NONE, '0'), ...plainKnobsV2(NONE, '0')].every(({ dispensable }) => dispensable))
  const limited = { ...NONE, memory: 1, cpuUnits: 8, cpuLimit: 1, cpuSet: [0], pids: 1 }
  assert.ok(
    [...plainKnobsV2(limited, '0'), ...memoryKnobsV2({ ...limited, swap: null }).slice(0, 1)].every(
      ({ dispensable }) => !dispensable,
    ),
  )
})
