import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CANDIDATES, checkAddressPool, chooseAddressPool } from './address-pool.ts'
import { SetupFailed } from './work.ts'

const taken = (...cidrs: string[]): { cidr: string; holder: string }[] => cidrs.map((cidr) => ({ cidr, holder: 'eth0' }))

test('the first candidate that nobody has', () => {
  assert.equal(chooseAddressPool([]), '10.77.0.0/16')
  assert.equal(chooseAddressPool(taken('10.77.3.4/24')), '10.78.0.0/16', 'an address inside')
  assert.equal(chooseAddressPool(taken('10.0.0.0/8')), '172.24.0.0/16', 'a network around')
  assert.equal(chooseAddressPool(taken('10.0.0.0/8', '172.16.0.0/12')), '192.168.224.0/20')
})

test('a default route takes nothing, and what is no IPv4 network either', () => {
  assert.equal(chooseAddressPool(taken('0.0.0.0/0', 'fe80::1/64')), '10.77.0.0/16')
})

test('a machine that has them all is told what to do', () => {
  assert.throws(() => chooseAddressPool(taken(...CANDIDATES)), SetupFailed)
})

test("the administrator's own choice is refused when it collides, with what it collides with", () => {
  checkAddressPool('192.0.2.0/24', taken('192.0.3.1/24'))
  assert.throws(() => checkAddressPool('192.0.2.0/24', taken('192.0.2.200/32')), /192\.0\.2\.200\/32 \(eth0\)/)
})
