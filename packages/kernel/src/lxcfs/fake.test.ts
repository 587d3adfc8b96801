import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lxcfsConformance } from './conformance.ts'
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
    fakeLxcfs(() => 'no /dev/fuse').start('/one', '/one.pid'),
    /^Error: lxcfs did not come up on \/one: no \/dev\/fuse$/,
  )
})
