import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AddressSurroundings, checkAddress } from './address-check.ts'
import { parseCidr } from './ipv4.ts'

const around: AddressSurroundings = {
  pool: parseCidr('10.77.0.0/16'),
  used: new Map([[0x0a4d_0005, 'web']]),
  nodeNetworks: [
    { cidr: '192.0.2.0/24', device: 'eth0' },
    { cidr: '192.0.2.9/24', device: 'eth0' },
    { cidr: '198.51.100.4/31', device: 'wg0' },
    { cidr: '203.0.113.1/32', device: 'dummy0' },
  ],
  routed: new Map([[0x0a4d_0007, 'i1234.101']]),
  needed: new Map([[0xc000_0201, 'its gateway']]),
}

const check = (address: string): string | null => {
  const refused = checkAddress(address, around)
  return refused === null ? null : `${refused.code}: ${refused.message}`
}

describe('an address that somebody names', () => {
  it('is given when it is free, in the pool, out of it, or in a network of the node', () => {
    for (const address of ['10.77.0.1', '10.77.0.6', '8.8.4.4', '192.0.2.10', '198.51.100.6', '203.0.113.2']) {
      assert.equal(check(address), null, address)
    }
  })

  it('is refused when a VPS has it, which is named', () => {
    assert.deepEqual(checkAddress('10.77.0.5', around), {
      code: 'address_in_use',
      message: 'cannot give address 10.77.0.5: VPS "web" has it',
      remedy: 'choose another address, or "auto" for the next free one; or take it from VPS "web" first',
    })
  })

  it('is refused when the node sends it elsewhere: it may be a VPS of another instance', () => {
    assert.equal(
      check('10.77.0.7'),
      'address_in_use: cannot give address 10.77.0.7: the node routes it to i1234.101 already, which is no VPS of this instance',
    )
  })

  it('is refused when the node needs it for another', () => {
    assert.equal(check('192.0.2.1'), 'address_in_use: cannot give address 192.0.2.1: the node needs it for its gateway')
  })

  it('is refused when the node has it, or it means something in a network of the node', () => {
    assert.equal(check('192.0.2.9'), 'address_in_use: cannot give address 192.0.2.9: this node has it itself (eth0)')
    assert.equal(check('203.0.113.1'), 'address_in_use: cannot give address 203.0.113.1: this node has it itself (dummy0)')
    assert.match(check('192.0.2.255') ?? '', /it is the broadcast address of 192\.0\.2\.0\/24, a network of this node \(eth0\)/)
    assert.match(check('192.0.2.0') ?? '', /it is the network address of 192\.0\.2\.0\/24/)
    assert.match(check('198.51.100.4') ?? '', /this node has it itself \(wg0\)/)
    assert.match(check('198.51.100.5') ?? '', /the far end of wg0/)
  })

  it('is refused in every reserved range, first address and last', () => {
    const reserved = [
      ['0.0.0.0', '0.255.255.255', '0.0.0.0/8'],
      ['127.0.0.0', '127.255.255.255', '127.0.0.0/8'],
      ['169.254.0.0', '169.254.255.255', '169.254.0.0/16'],
      ['224.0.0.0', '239.255.255.255', '224.0.0.0/4'],
      ['240.0.0.0', '255.255.255.255', '240.0.0.0/4'],
    ] as const
    for (const [first, last, block] of reserved) {
      for (const address of [first, last]) {
        assert.ok(
          check(address)?.startsWith(`invalid_request: cannot give address ${address}: it lies in ${block}, which is `),
          address,
        )
      }
    }
    for (const address of ['1.0.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0', '223.255.255.255']) {
      assert.equal(check(address), null, address)
    }
  })

  it('is refused at the edges of the pool', () => {
    assert.match(check('10.77.0.0') ?? '', /^invalid_request: .* the network address of the pool 10\.77\.0\.0\/16$/)
    assert.match(check('10.77.255.255') ?? '', /the broadcast address of the pool/)
    assert.equal(checkAddress('10.77.0.4', { ...around, pool: parseCidr('10.77.0.4/31') }), null)
  })

  it('is refused when it is none', () => {
    for (const address of ['', 'auto', '10.0.0', '010.0.0.1', '10.0.0.1/24', '::1']) {
      assert.equal(checkAddress(address, around)?.code, 'invalid_request', address)
    }
  })

  it('is refused with a remedy that works without a pool, too', () => {
    assert.equal(checkAddress('127.0.0.1', { ...around, pool: null })?.remedy, 'choose another address')
  })
})
