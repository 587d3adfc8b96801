import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkTable } from '../machine/network-table.ts'
import { linkConformance } from './conformance.ts'
import { fakeLinks } from './fake.ts'

const network = networkTable()

linkConformance('the fake', async () => ({
  links: fakeLinks({ networkOf: (pid) => (pid === 1 ? network : undefined) }),
  pid: 1,
  deadPid: 2,
  [Symbol.asyncDispose]: () => Promise.resolve(),
}))

test('the inner end is in its network until the pair is removed', async () => {
  const links = fakeLinks({ networkOf: () => network })
  const [hostMac, peerMac] = ['02:00:00:00:00:01', '02:00:00:00:00:02']
  await links.attach({ name: 'v1', peer: 'eth0', pid: 1, mtu: 1400, hostMac, peerMac }, [])
  assert.deepEqual([...network.devices.keys()], ['lo', 'eth0'])
  await links.remove('v1')
  assert.deepEqual([...network.devices.keys()], ['lo'])
})

test('shows the host as it was told to be, and what went over a link', async () => {
  const uplink = { device: 'eth0', mtu: 1400, gateway: '192.0.2.1' }
  const links = fakeLinks({ uplink, networks: [{ cidr: '192.0.2.5/24', device: 'eth0' }] })
  assert.deepEqual(await links.uplink(), uplink)
  assert.deepEqual(await links.networks(), [{ cidr: '192.0.2.5/24', device: 'eth0' }])
  const [hostMac, peerMac] = ['02:00:00:00:00:01', '02:00:00:00:00:02']
  await links.attach({ name: 'v1', peer: 'eth0', pid: 1, mtu: 1400, hostMac, peerMac }, [])
  links.carry('v1', 5, 6)
  assert.deepEqual(
    (await links.list('v')).map(({ rxBytes, txBytes }) => [rxBytes, txBytes]),
    [[5, 6]],
  )
})
