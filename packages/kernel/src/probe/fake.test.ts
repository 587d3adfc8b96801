import assert from 'node:assert/strict'
import { test } from 'node:test'
import { probeConformance } from './conformance.ts'
import { fakeHostProbe } from './fake.ts'

const BEGAN = Date.now()
probeConformance('the fake', 'fs.inotify.max_user_instances', { lives: 7, since: BEGAN, gone: 8 }, () =>
  fakeHostProbe({}, { 'fs.inotify.max_user_instances': '128' }, (pid) => (pid === 7 ? BEGAN : null)),
)

test('differs where it is told to, and keeps what was set', async () => {
  const probe = fakeHostProbe({ tools: {} }, { 'net.ipv4.ip_forward': '0' })
  assert.deepEqual((await probe.features()).tools, {})
  await probe.setSysctl('net.ipv4.ip_forward', '1')
  assert.equal(await probe.sysctl('net.ipv4.ip_forward'), '1')
})
