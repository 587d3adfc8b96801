import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closedPool } from './closed-pool.ts'

const POOL = { addressPool: '10.77.0.0/16' }

test('the pool is closed towards the default route, but not where the node has neighbours in it', () => {
  const networks = [
    { cidr: '0.0.0.0/0', device: 'eth0' },
    { cidr: '192.0.2.5/24', device: 'eth0' },
    { cidr: '10.77.3.1/32', device: 'ins.101' },
  ]
  assert.deepEqual(closedPool(POOL, 'eth0', networks), { cidr: '10.77.0.0/16', uplink: 'eth0' })
  assert.deepEqual(closedPool({ ...POOL, uplink: 'eth1' }, 'eth0', networks)?.uplink, 'eth1')
  assert.equal(closedPool(POOL, 'eth0', [...networks, { cidr: '10.77.1.9/24', device: 'eth0' }]), null)
  assert.equal(closedPool(POOL, null, networks), null)
  assert.equal(closedPool({}, 'eth0', networks), null)
})
