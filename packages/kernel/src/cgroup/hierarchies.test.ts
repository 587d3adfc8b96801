import assert from 'node:assert/strict'
import { test } from 'node:test'
import { directoryOf, hierarchiesIn, rootsOf } from './hierarchies.ts'

const V2 = '35 25 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate'
const UNIFIED = '41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw'
const V1 = [
  '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
  '33 31 0:30 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory',
  '34 31 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd',
]
const REST = '22 27 0:21 / /proc rw,relatime - proc proc rw'

test('pure v2', () => {
  const found = hierarchiesIn([REST, V2].join('\n'))
  assert.deepEqual([found.mode, found.v2, rootsOf(found)], ['unified', '/sys/fs/cgroup', ['/sys/fs/cgroup']])
  assert.equal(directoryOf(found, 'pids', 'a/b'), '/sys/fs/cgroup/a/b')
})

test('hybrid, with controllers that share a mount', () => {
  const found = hierarchiesIn([REST, ...V1, UNIFIED].join('\n'))
  assert.equal(found.mode, 'hybrid')
  assert.deepEqual([...found.v1.keys()], ['cpu', 'cpuacct', 'memory', 'name=systemd'])
  assert.deepEqual(
    rootsOf(found).map((root) => root.slice('/sys/fs/cgroup/'.length)),
    ['cpu,cpuacct', 'memory', 'systemd', 'unified'],
  )
  assert.equal(directoryOf(found, 'cpuacct', 'a'), '/sys/fs/cgroup/cpu,cpuacct/a')
  assert.equal(directoryOf(found, 'pids', 'a'), null)
})

test('legacy, also with a v2 tree of ours; other mounts of the same do not count', () => {
  assert.equal(hierarchiesIn(V1.join('\n')).mode, 'legacy')
  const own = UNIFIED.replace('/sys/fs/cgroup/unified', '/run/x/cgroup2')
  const found = hierarchiesIn([...V1, own, V1[1]?.replace('/sys/fs', '/mnt')].join('\n'), '/run/x/cgroup2')
  assert.deepEqual([found.mode, found.v2, found.v1.get('memory')], ['legacy', '/run/x/cgroup2', '/sys/fs/cgroup/memory'])
})
