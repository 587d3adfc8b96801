import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cgroupConformance, NO_LIMITS } from './conformance.ts'
import { fakeCgroups, wayInto } from './fake.ts'

cgroupConformance('the fake', async () => {
  const cgroups = fakeCgroups()
  let next = 1000
  await cgroups.create('suite', 0)
  return {
    cgroups,
    root: 'suite',
    limited: true,
    start: () => {
      const { entered } = cgroups
      assert.ok(entered !== null)
      cgroups.add(entered, ++next)
      return next
    },
    startThrough: async (door) => {
      const way = wayInto(door.through(['sleep']))
      assert.deepEqual(way?.argv, ['sleep'])
      cgroups.add(way?.path ?? '', ++next)
      return next
    },
    fill: async (path, bytes) => {
      cgroups.add(path, ++next)
      cgroups.use(path, { memory: bytes + 4096, memoryReclaimable: 4096 })
    },
    [Symbol.asyncDispose]: () => cgroups.remove('suite'),
  }
})

test('tells who was killed, and holds the limit of pids as fork does', async () => {
  const killed: number[] = []
  const cgroups = fakeCgroups({ onKill: (pid) => killed.push(pid) })
  await cgroups.create('a/b', 7)
  await cgroups.setLimits('a/b', { ...NO_LIMITS, pids: 2 })
  cgroups.add('a/b', 1)
  cgroups.add('a/b', 2)
  assert.throws(() => cgroups.add('a/b', 3), /EAGAIN/)
  cgroups.end(1)
  await cgroups.killAll('a')
  assert.deepEqual(killed, [2])
  assert.equal(cgroups.groups.get('a/b')?.owner, 7)
})
