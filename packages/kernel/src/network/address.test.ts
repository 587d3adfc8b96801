import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { addressBytes, addressText, linkName, macBytes, macText, networkOf } from './address.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array))

test('addresses of both families and MACs go to bytes and back', () => {
  fc.assert(fc.property(bytes(4), (address) => assert.deepEqual(addressBytes(addressText(address)), address)))
  // Mostly zeros: that is where the "::" is.
  const sparse = fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }).map((array) => Buffer.from(array))
  fc.assert(fc.property(fc.oneof(bytes(16), sparse), (address) => assert.deepEqual(addressBytes(addressText(address)), address)))
  fc.assert(fc.property(fc.ipV6(), (text) => assert.equal(addressBytes(addressText(addressBytes(text))).length, 16)))
  fc.assert(fc.property(bytes(6), (mac) => assert.deepEqual(macBytes(macText(mac)), mac)))
})

test('IPv6 is written short and read in every form', () => {
  const documentation = Buffer.from('20010db8000000000000000000000001', 'hex')
  for (const text of ['2001:db8::1', '2001:DB8:0:0:0:0:0:1', '2001:db8:0:0::0.0.0.1'])
    assert.deepEqual(addressBytes(text), documentation)
  assert.equal(addressText(documentation), '2001:db8::1')
  assert.deepEqual(addressBytes('::'), Buffer.alloc(16))
})

test('what is no address, network, MAC or name is refused', () => {
  for (const text of ['', '192.0.2', '192.0.2.1 via 192.0.2.2', '::1%lo', '1::2::3', '192.0.2.1/32']) {
    assert.throws(() => addressBytes(text), { name: 'TypeError', message: `"${text}" is not an IP address` })
  }
  for (const text of ['192.0.2.1', '192.0.2.1/33', '::1/129', '::1/', '192.0.2.1/-1', '192.0.2.1/24/24']) {
    assert.throws(() => networkOf(text), TypeError, text)
  }
  for (const text of ['', '02:00:00:00:00', '02:00:00:00:00:0g', '0200:00:00:00:00:01'])
    assert.throws(() => macBytes(text), TypeError, text)
  for (const text of ['', 'a b', 'a/b', 'a-name-of-16-byte', 'é']) assert.throws(() => linkName(text), TypeError, text)
  assert.equal(networkOf('2001:db8::/64').length, 64)
})
