import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeAccount, encodeGrace, encodeLimits, enforcedKinds, STATE_BYTES } from './layout.ts'

const limit = fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 2 ** 40 }))

test('limits come back as they went in, whole blocks of 512 bytes at least as large', () => {
  fc.assert(
    fc.property(limit, limit, limit, limit, fc.nat(), (bytesSoft, bytesHard, inodesSoft, inodesHard, id) => {
      const account = decodeAccount(encodeLimits('project', id, { bytesSoft, bytesHard, inodesSoft, inodesHard }))
      const rounded = (bytes: number | null): number | null => (bytes === null ? null : Math.ceil(bytes / 512) * 512)
      assert.deepEqual(account.limits, { bytesSoft: rounded(bytesSoft), bytesHard: rounded(bytesHard), inodesSoft, inodesHard })
      assert.equal(account.id, id)
    }),
  )
})

test('a structure of the kernel is read at its offsets', () => {
  const quota = Buffer.alloc(112)
  quota.writeUInt32LE(4_000_000_000, 4)
  quota.writeBigUInt64LE(9n, 40)
  quota.writeBigUInt64LE(3n, 48)
  quota.writeInt32LE(-1, 60)
  quota.writeInt8(1, 69)
  const { id, bytes, inodes, bytesGraceEnds, inodesGraceEnds } = decodeAccount(quota)
  assert.deepEqual([id, bytes, inodes, bytesGraceEnds, inodesGraceEnds], [4_000_000_000, 9 * 512, 3, 2 ** 33 - 1, null])
})

test('grace times are asked for by their bits alone, so that limits stay', () => {
  const grace = encodeGrace('user', { bytes: 60, inodes: 120 })
  assert.deepEqual([grace.readUInt16LE(2), grace.readInt32LE(60), grace.readInt32LE(56)], [0b1100_0000, 60, 120])
})

test('a kind that is only counted is not enforced', () => {
  const state = Buffer.alloc(STATE_BYTES)
  state.writeUInt16LE(0b11_01_11, 2)
  assert.deepEqual(enforcedKinds(state), ['user', 'project'])
})
