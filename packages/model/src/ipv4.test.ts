import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { type Cidr, contains, formatCidr, formatIpv4, lastOf, overlaps, parseCidr, parseIpv4, parsePlaced } from './ipv4.ts'

const address = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const prefix = fc.integer({ min: 0, max: 32 })
const block: fc.Arbitrary<Cidr> = fc
  .tuple(address, prefix)
  .map(([any, bits]) => ({ base: any - (any % 2 ** (32 - bits)), prefix: bits }))
const bits = (value: number, count: number): string => value.toString(2).padStart(32, '0').slice(0, count)

describe('an IPv4 address', () => {
  it('is read back as it was written', () => {
    fc.assert(fc.property(address, (value) => assert.equal(parseIpv4(formatIpv4(value)), value)))
    assert.equal(parseIpv4('10.0.0.7'), 0x0a00_0007)
    assert.equal(formatIpv4(0xffff_ffff), '255.255.255.255')
  })

  it('has one form only', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.nat(300), { minLength: 3, maxLength: 5 }).map((parts) => parts.join('.')),
        ),
        (text) => {
          const value = parseIpv4(text)
          if (value !== null) assert.equal(formatIpv4(value), text)
        },
      ),
    )
    for (const text of [
      '',
      '1.2.3',
      '1.2.3.4.5',
      '01.2.3.4',
      '1.2.3.256',
      '1.2.3.+4',
      ' 1.2.3.4',
      '1.2.3.4\n',
      '0x1.2.3.4',
      '1..2.3',
    ]) {
      assert.equal(parseIpv4(text), null, JSON.stringify(text))
    }
  })
})

describe('a block', () => {
  it('is read back as it was written', () => {
    fc.assert(fc.property(block, (cidr) => assert.deepEqual(parseCidr(formatCidr(cidr)), cidr)))
  })

  it('with host bits is refused, and known as an address in its block', () => {
    fc.assert(
      fc.property(address, prefix, (value, length) => {
        const text = `${formatIpv4(value)}/${length}`
        const placed = parsePlaced(text)
        assert.ok(placed !== null && placed.address === value && contains(placed.block, value) && placed.block.prefix === length)
        assert.deepEqual(parseCidr(text), placed.block.base === value ? placed.block : null)
      }),
    )
    assert.equal(parseCidr('10.77.0.1/16'), null)
    for (const text of ['10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/8/8', '/8', '10.0.0/8', '10.0.0.0/-1']) {
      assert.equal(parseCidr(text), null, text)
    }
  })

  it('contains what shares its first bits, and nothing else', () => {
    fc.assert(
      fc.property(block, address, (cidr, value) => {
        assert.equal(contains(cidr, value), bits(value, cidr.prefix) === bits(cidr.base, cidr.prefix))
      }),
    )
    fc.assert(
      fc.property(block, (cidr) => {
        assert.ok(contains(cidr, cidr.base) && contains(cidr, lastOf(cidr)))
        assert.ok(!contains(cidr, cidr.base - 1) && !contains(cidr, lastOf(cidr) + 1))
      }),
    )
  })

  it('overlaps another exactly when one contains the other', () => {
    const near = fc.tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 26, max: 32 })).map(([low, bits]) => ({
      base: 0x0a00_0000 + low - (low % 2 ** (32 - bits)),
      prefix: bits,
    }))
    fc.assert(
      fc.property(fc.oneof(block, near), near, (a, b) => {
        assert.equal(overlaps(a, b), contains(a, b.base) || contains(b, a.base))
        assert.equal(overlaps(a, b), overlaps(b, a))
        assert.ok(overlaps(a, a))
      }),
    )
  })
})
