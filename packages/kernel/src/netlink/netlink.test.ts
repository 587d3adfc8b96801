import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { type Attribute, decodeAttributes, encodeAttributes, text, textOf, u32 } from './attributes.ts'
import { decodeMessages, encodeMessage } from './message.ts'
import { DONE, OUTCOME, refusalIn } from './outcome.ts'

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))
const u16 = fc.integer({ min: 0, max: 0xffff })
const message = fc.record(
  { type: u16, flags: u16, sequence: fc.integer({ min: 0, max: 0xffffffff }), body: bytes(70) },
  { noNullPrototype: true },
)
const attribute = fc.tuple(fc.integer({ min: 0, max: 0x3fff }), bytes(70))

describe('messages', () => {
  it('come out as they went in, however many lie behind one another', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), (messages) => {
        assert.deepEqual(decodeMessages(Buffer.concat(messages.map(encodeMessage))), messages)
      }),
    )
  })

  it('are those of the manual page', () => {
    const encoded = encodeMessage({ type: 0x1234, flags: 0x305, sequence: 7, body: Buffer.from('abcde') })
    assert.equal(encoded.toString('hex'), ['15000000', '3412', '0503', '07000000', '00000000', '6162636465', '000000'].join(''))
  })

  it('that were cut off are refused, and those that tell a length that cannot be', () => {
    fc.assert(
      fc.property(message, fc.nat(), (one, pick) => {
        const whole = encodeMessage(one)
        const unpadded = 16 + one.body.length
        const cut = whole.subarray(0, 1 + (pick % (unpadded - 1)))
        assert.throws(() => decodeMessages(cut), /netlink message of \d+ bytes came as \d+ bytes/)
      }),
    )
    for (const length of [0, 15])
      assert.throws(() => decodeMessages(Buffer.concat([u32(length), Buffer.alloc(20)])), /came as 24/)
  })
})

describe('attributes', () => {
  it('come out as they went in, of equal ones the last', () => {
    fc.assert(
      fc.property(fc.array(attribute, { maxLength: 6 }), (attributes) => {
        assert.deepEqual(decodeAttributes(encodeAttributes(...attributes)), new Map(attributes))
      }),
    )
  })

  it('lie in one another', () => {
    const inner: Attribute[] = [
      [1, text('veth')],
      [2, u32(1400)],
    ]
    const [outer] = decodeAttributes(encodeAttributes([18 | 0x8000, encodeAttributes(...inner)]))
    assert.deepEqual([outer?.[0], decodeAttributes(outer?.[1] ?? Buffer.of())], [18, new Map(inner)])
  })

  it('are those of the manual page', () => {
    assert.equal(
      encodeAttributes([3, text('lo')], [4, u32(0x5dc)]).toString('hex'),
      ['0700', '0300', '6c6f0000', '0800', '0400', 'dc050000'].join(''),
    )
  })

  it('that were cut off, tell a length that cannot be, or are too long are refused', () => {
    assert.throws(() => decodeAttributes(encodeAttributes([1, u32(1)]).subarray(0, 7)), /attribute of 8 bytes came as 7 bytes/)
    assert.throws(() => decodeAttributes(Buffer.alloc(4)), /attribute of 0 bytes/)
    assert.throws(() => decodeAttributes(Buffer.alloc(3)), /attribute of 4 bytes came as 3/)
    assert.throws(() => encodeAttributes([1, Buffer.alloc(0xfffc)]), RangeError)
  })

  it('tell a text up to its NUL', () => {
    fc.assert(fc.property(fc.string(), (words) => assert.equal(textOf(text(words)), words.replace(/\0.*$/s, ''))))
  })
})

describe('outcomes', () => {
  const outcome = (errno: number, explanation?: string) => {
    const code = Buffer.alloc(4)
    code.writeInt32LE(-errno)
    const rest = explanation === undefined ? Buffer.of() : encodeAttributes([1, text(explanation)])
    return {
      type: OUTCOME,
      flags: explanation === undefined ? 0x100 : 0x300,
      sequence: 1,
      body: Buffer.concat([code, Buffer.alloc(16), rest]),
    }
  }

  it('are none, or say what was done and why it failed, in the words of the kernel where it has some', () => {
    assert.equal(refusalIn(outcome(0), 'set the link up'), null)
    assert.equal(refusalIn(outcome(17), 'make the link up')?.message, 'cannot make the link up: file already exists (EEXIST)')
    const refusal = refusalIn(outcome(101, 'Nexthop has invalid gateway'), 'set the route')
    assert.equal(refusal?.code, 'ENETUNREACH')
    assert.match(refusal?.message ?? '', /^cannot set the route: .* \(ENETUNREACH\): Nexthop has invalid gateway$/)
  })

  it('of lists have no message before the explanation', () => {
    const body = Buffer.concat([outcome(22).body.subarray(0, 4), encodeAttributes([1, text('Invalid header')])])
    assert.match(refusalIn({ type: DONE, flags: 0x202, sequence: 1, body }, 'list')?.message ?? '', /EINVAL\): Invalid header$/)
    assert.equal(refusalIn({ type: DONE, flags: 2, sequence: 1, body: Buffer.alloc(4) }, 'list'), null)
  })
})
