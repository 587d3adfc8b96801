import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { IDS } from '../quota/ids.ts'
import { type IdShift, shiftId, shiftXattr } from './shift.ts'

const shift: IdShift = { from: 10 * IDS, to: 25 * IDS }

test('ids of the area move by the difference of the bases, others stay, and the way back leads to where they were', () => {
  assert.deepEqual(
    [0, shift.from - 1, shift.from, shift.from + 1000, shift.from + IDS - 1, shift.from + IDS].map((id) => shiftId(shift, id)),
    [0, shift.from - 1, shift.to, shift.to + 1000, shift.to + IDS - 1, shift.from + IDS],
  )
  fc.assert(
    fc.property(fc.nat(IDS - 1), (id) => {
      const there = shiftId(shift, shift.from + id)
      assert.equal(shiftId({ from: shift.to, to: shift.from }, there), shift.from + id)
    }),
  )
  assert.equal(shiftId(null, shift.from), shift.from)
})

const acl = (...entries: readonly (readonly [tag: number, id: number])[]): Buffer => {
  const bytes = Buffer.alloc(4 + entries.length * 8)
  bytes.writeUInt32LE(2, 0)
  for (const [index, [tag, id]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 4 + index * 8)
    bytes.writeUInt16LE(5, 6 + index * 8)
    bytes.writeUInt32LE(id, 8 + index * 8)
  }
  return bytes
}

test('named users and groups of access lists move, what names nobody stays', () => {
  const nobody = 0xffff_ffff
  const value = acl([0x01, nobody], [0x02, shift.from + 7], [0x04, nobody], [0x08, shift.from + 9], [0x02, 3])
  const before = Buffer.from(value)
  for (const name of ['system.posix_acl_access', 'system.posix_acl_default'])
    assert.deepEqual(
      shiftXattr(shift, name, value),
      acl([0x01, nobody], [0x02, shift.to + 7], [0x04, nobody], [0x08, shift.to + 9], [0x02, 3]),
    )
  assert.deepEqual(value, before, 'what was given is not changed')
  assert.equal(shiftXattr(shift, 'user.note', value), value)
})

test('whose root a capability is for moves in version 3 alone', () => {
  const third = Buffer.alloc(24)
  third.writeUInt32LE(0x0300_0001, 0)
  third.writeUInt32LE(shift.from, 20)
  assert.equal(shiftXattr(shift, 'security.capability', third).readUInt32LE(20), shift.to)
  const second = Buffer.from('0100000200200000000000000000000000000000', 'hex')
  assert.deepEqual(shiftXattr(shift, 'security.capability', second), second)
})
