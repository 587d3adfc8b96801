import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CgroupView } from '@insula/kernel'
import { memoryOf, nodeMemoryIn, sysinfo32, sysinfo64, uptimeOf } from './sysinfo.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30
const NODE = { memory: 8 * GIB, free: 3 * GIB, swap: GIB, swapFree: GIB }
const VIEW: CgroupView = { memoryLimit: GIB, memory: 100 * MIB, shared: MIB, swapLimit: 0, swap: 0, tasks: 12 }

test('what is not used is free', () => {
  assert.deepEqual(memoryOf(VIEW, NODE), { memory: GIB, free: 924 * MIB, shared: MIB, swap: 0, swapFree: 0, tasks: 12 })
})

test('without a limit, or with one above the node, the node is the limit', () => {
  for (const memoryLimit of [null, 64 * GIB]) {
    const { memory, swap } = memoryOf({ ...VIEW, memoryLimit, swapLimit: null }, NODE)
    assert.deepEqual([memory, swap], [8 * GIB, GIB])
  }
  assert.equal(memoryOf({ ...VIEW, memoryLimit: null, memory: null }, NODE).free, 3 * GIB)
})

test('more used than allowed is nothing free, not less', () => {
  const over = memoryOf({ ...VIEW, memory: 2 * GIB, swap: 5, swapLimit: 3 }, NODE)
  assert.deepEqual([over.free, over.swapFree], [0, 0])
})

test('the node says what it has, and a process since when it runs', () => {
  const meminfo = 'MemTotal:  100 kB\nMemFree:    50 kB\nSwapTotal:   7 kB\nSwapFree:    3 kB\n'
  assert.deepEqual(nodeMemoryIn(meminfo), { memory: 102_400, free: 51_200, swap: 7_168, swapFree: 3_072 })
  const fields = Array.from({ length: 30 }, (_, index) => `${index + 3}`)
  fields[19] = '12345'
  assert.equal(uptimeOf('200.99 1.0', `1 (a ) b) ${fields.join(' ')}`), 77)
  assert.equal(uptimeOf('1.0 1.0', `1 (a) ${fields.join(' ')}`), 0)
})

const INFO = {
  uptime: 77,
  loads: [1, 0.5, 0.25],
  memory: 3 * GIB,
  free: GIB,
  shared: MIB,
  swap: 2 * GIB,
  swapFree: GIB,
  tasks: 12,
} as const

test('struct sysinfo of 64-bit programs, byte by byte', () => {
  const words = [77n, 65_536n, 32_768n, 16_384n, 3n << 30n, 1n << 30n, 1n << 20n, 0n, 2n << 30n, 1n << 30n, 12n, 0n, 0n, 1n]
  const expected = Buffer.alloc(112)
  for (const [index, word] of words.entries()) expected.writeBigUInt64LE(word, 8 * index)
  assert.deepEqual(sysinfo64(INFO), expected)
})

test('struct sysinfo of 32-bit programs, and a larger unit where bytes do not fit', () => {
  const small = sysinfo32(INFO)
  assert.equal(small.length, 64)
  assert.deepEqual(
    [small.readUInt32LE(0), small.readUInt32LE(16), small.readUInt16LE(40), small.readUInt32LE(52)],
    [77, 3 * GIB, 12, 1],
  )
  const large = sysinfo32({ ...INFO, memory: 64 * GIB })
  assert.deepEqual([large.readUInt32LE(16), large.readUInt32LE(20), large.readUInt32LE(52)], [2 * GIB, GIB / 32, 32])
})

test('any numbers fit', () => {
  const bytes = fc.integer({ min: 0, max: 2 ** 43 })
  fc.assert(
    fc.property(bytes, bytes, fc.integer({ min: 0, max: 2 ** 22 }), (memory, swap, tasks) => {
      const info = { ...INFO, memory, free: memory, swap, swapFree: swap, tasks }
      assert.equal(Number(sysinfo64(info).readBigUInt64LE(32)), memory)
      const words = sysinfo32(info)
      assert.ok(Math.abs(words.readUInt32LE(16) * words.readUInt32LE(52) - memory) < 4096)
    }),
  )
})
