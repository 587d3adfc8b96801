import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lxcfsConformance } from './conformance.ts'
import { fakeMachine } from '../machine/machine.ts'
import { fakeLxcfs } from './fake.ts'

lxcfsConformance('the fake', async () => {
  const lxcfs = fakeLxcfs()
  return {
    lxcfs,
    places: [
      { mountPoint: '/one', pidFile: '/one.pid' },
      { mountPoint: '/two', pidFile: '/two.pid' },
    ],
    crash: lxcfs.crash,
    hang: lxcfs.hang,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
})

test('does not come up when it is told so', async () => {
  await assert.rejects(
    fakeLxcfs({ refuse: () => 'no /dev/fuse' }).start('/one', '/one.pid'),
    /^Error: lxcfs did not come up on \/one: no \/dev\/fuse$/,
  )
})

test('its files are seen on a machine, and those of one that crashed are not', async () => {
  const machine = fakeMachine()
  const lxcfs = fakeLxcfs({ machine })
  const seen = (): string | undefined => machine.mounts.get('/run/lxcfs/proc/uptime')?.contents
  const first = await lxcfs.start('/run/lxcfs', '/run/pid')
  assert.equal(seen(), `lxcfs ${first.pid}`)
  lxcfs.crash(first.pid)
  assert.equal(seen(), undefined)
  const second = await lxcfs.start('/run/lxcfs', '/run/pid')
  assert.equal(seen(), `lxcfs ${second.pid}`)
})
