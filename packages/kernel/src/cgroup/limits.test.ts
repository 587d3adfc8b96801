/** The v2 files are plain ones here, so this tells what is written where and what is put back, not what a kernel does with it. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { CgroupMissing, LimitBelowUse } from './cgroup.ts'
import type { Hierarchies } from './hierarchies.ts'
import { setLimits } from './limits.ts'
import { usageOf } from './usage.ts'

let v2 = ''
let host: Hierarchies
const NONE = { memory: null, swap: null, cpuUnits: 1000, cpuLimit: null, cpuSet: null, pids: null }
const LIMITS = { memory: 5000, swap: 100, cpuUnits: 2000, cpuLimit: 50, cpuSet: [0, 1], pids: 9 }
const BEFORE = {
  'cpu.weight': '100\n',
  'cpu.max': 'max 100000\n',
  'cpuset.cpus': '\n',
  'pids.max': 'max\n',
  'pids.current': '3\n',
  'memory.max': 'max\n',
  'memory.swap.max': 'max\n',
  'memory.current': '4000\n',
  'memory.stat': 'anon 1000\ninactive_file 2500\n',
}
const read = (file: string): string => readFileSync(join(v2, 'g', file), 'utf8')

beforeEach(() => {
  v2 = mkdtempSync(join(tmpdir(), 'cgroup-limits-'))
  host = { mode: 'unified', v2, v1: new Map() }
  mkdirSync(join(v2, 'g'))
  for (const [file, text] of Object.entries(BEFORE)) writeFileSync(join(v2, 'g', file), text)
})
afterEach(() => rmSync(v2, { recursive: true }))

test('writes every limit', async () => {
  const files = ['cpu.weight', 'cpu.max', 'cpuset.cpus', 'pids.max', 'memory.max', 'memory.swap.max']
  // A plain file would keep what is longer than what is written over it.
  for (const file of files) writeFileSync(join(v2, 'g', file), '')
  await setLimits(host, 'g', LIMITS)
  assert.deepEqual(files.map(read), ['200', '50000 100000', '0-1', '9', '5000', '100'])
})

test('what cannot be kept is refused, and what was written is put back', async () => {
  rmSync(join(v2, 'g', 'memory.max'))
  await assert.rejects(setLimits(host, 'g', LIMITS), /^Error: cannot limit g: this host's cgroups have no memory\.max$/)
  assert.deepEqual([read('cpu.weight').trim(), read('pids.max').trim()], ['100', 'max'])
  await setLimits(host, 'g', NONE)
})

test('less memory than is in use is refused before anything is written; what the kernel could drop is not in use', async () => {
  await assert.rejects(setLimits(host, 'g', { ...LIMITS, memory: 1400 }), (error: unknown) => {
    assert.ok(error instanceof LimitBelowUse)
    assert.deepEqual([error.limit, error.wanted, error.used], ['memory', 1400, 1500])
    return true
  })
  assert.equal(read('cpu.weight'), BEFORE['cpu.weight'])
  await setLimits(host, 'g', { ...LIMITS, memory: 1600 })
})

test('what cannot be reclaimed is not even tried to be', async () => {
  writeFileSync(join(v2, 'g', 'memory.reclaim'), '')
  writeFileSync(
    join(v2, 'g', 'memory.stat'),
    'anon 1000\nshmem 200\nkernel 400\nslab_reclaimable 100\nfile 2500\ninactive_file 500\n',
  )
  const lower = (memory: number, swap: number) => setLimits(host, 'g', { ...LIMITS, memory, swap })
  await assert.rejects(lower(1400, 0), (error: unknown) => error instanceof LimitBelowUse && error.used === 1500)
  assert.equal(read('memory.reclaim'), '')
  // Where it may swap, and where enough can go, the kernel tries.
  for (const [memory, swap] of [
    [1400, 1],
    [1600, 0],
  ] as const) {
    await assert.rejects(lower(memory, swap), LimitBelowUse)
    assert.equal(read('memory.reclaim'), `${4000 - memory}`)
  }
})

test('reads what is used, and says when there is no such group', async () => {
  writeFileSync(join(v2, 'g', 'cpu.stat'), 'usage_usec 77\nuser_usec 7\n')
  writeFileSync(join(v2, 'g', 'memory.events'), 'oom 3\noom_kill 2\n')
  assert.deepEqual(usageOf(host, 'g'), {
    memory: 4000,
    memoryReclaimable: 2500,
    memoryPeak: null,
    swap: 0,
    pids: 3,
    cpuMicroseconds: 77,
    oomKills: 2,
  })
  assert.throws(() => usageOf(host, 'absent'), CgroupMissing)
  await assert.rejects(setLimits(host, 'absent', LIMITS), CgroupMissing)
})
