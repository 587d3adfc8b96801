import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Volume } from '@insula/contract'
import { presentVps } from '../present.ts'
import { aVps } from '../testing/a-vps.ts'
import { parseOpenMetrics } from '../testing/parse-openmetrics.ts'
import { familiesOf } from './families.ts'
import { openMetrics } from './openmetrics.ts'

const MIB = 1024 ** 2
const limits = {
  ...aVps().limits,
  memory: 512 * MIB,
  swap: 0,
  pids: 100,
  disk: 30 * MIB,
  diskSoft: 20 * MIB,
  inodes: 3_000,
  inodesSoft: null,
}
const web = presentVps(
  aVps({ id: 101, name: 'web', state: 'running', limits }),
  { memory: 7 * MIB, swap: 1, pids: 9, cpuMicroseconds: 1_500_000 },
  { bytes: 4096, inodes: 12, enforced: true, bytesGraceEnds: null, inodesGraceEnds: null },
)
const unlimited = { ...limits, memory: null, swap: null, pids: null, disk: null, diskSoft: null, inodes: null }
const off = presentVps(aVps({ id: 102, name: 'off', limits: unlimited }), null, null)

const DISK: Volume = {
  name: '',
  path: '/ssd',
  image: null,
  first: false,
  present: true,
  problem: null,
  fsType: 'xfs',
  device: '/dev/sda1',
  reflink: true,
  projectQuota: true,
  userQuota: true,
  grace: null,
  totalBytes: 100,
  freeBytes: 80,
  vps: 3,
}
const VZFS = {
  damaged: 2,
  checkedAt: '2026-01-02T03:04:05.000Z',
  space: { path: '/volume', contents: 9, apparent: 5, private: 4, shared: 70, saved: 60 },
  volumes: [{ name: 'ssd', path: '/ssd', contents: 9, apparent: 5, private: 4, shared: 7, saved: 6 }],
  disks: [
    { ...DISK, name: 'ssd' },
    { ...DISK, name: 'lost', present: false, totalBytes: null, freeBytes: null },
  ],
  residency: { resident: 50, saved: 40 },
}
const NEVER = { damaged: null, checkedAt: null, space: null, volumes: null, disks: [], residency: null }

const read = (vpss: (typeof web)[]) =>
  parseOpenMetrics(
    openMetrics(
      familiesOf({
        instance: 'insula',
        version: '1.2.3',
        vpss,
        traffic: new Map([[101, { received: 10, sent: 20 }]]),
        vzfs: VZFS,
      }),
    ),
  )

test('of a VPS that runs everything is told, of one that does not what is known', () => {
  const families = read([web, off])
  const values = (vps: string): Record<string, number> =>
    Object.fromEntries(
      [...families.values()]
        .flatMap(({ samples }) => samples)
        .filter(({ labels }) => labels['vps'] === vps && !('state' in labels))
        .map(({ name, value }) => [name.replace('insula_vps_', ''), value]),
    )
  assert.deepEqual(values('101'), {
    memory_bytes: 7 * MIB,
    memory_limit_bytes: 512 * MIB,
    swap_bytes: 1,
    swap_limit_bytes: 0,
    cpu_seconds_total: 1.5,
    pids: 9,
    pids_limit: 100,
    disk_bytes: 4096,
    disk_limit_bytes: 30 * MIB,
    disk_soft_limit_bytes: 20 * MIB,
    inodes: 12,
    inodes_limit: 3_000,
    disk_enforced: 1,
    network_receive_bytes_total: 10,
    network_transmit_bytes_total: 20,
  })
  assert.deepEqual(values('102'), {})
  assert.ok([...families.values()].every(({ help, type }) => help !== '' && type !== ''))
})

test('states: each VPS is in one, and the node counts them', () => {
  const families = read([web, off])
  const is = (name: string) =>
    families
      .get(name)
      ?.samples.filter(({ value }) => value !== 0)
      .map(({ labels, value }) => [labels['name'], labels['state'], value])
  assert.deepEqual(is('insula_vps_state'), [
    ['web', 'running', 1],
    ['off', 'stopped', 1],
  ])
  assert.deepEqual(is('insula_node_vps'), [
    [undefined, 'stopped', 1],
    [undefined, 'running', 1],
  ])
  assert.deepEqual(families.get('insula_node_info')?.samples[0]?.labels, { instance: 'insula', version: '1.2.3' })
})

test('a node without VPSs tells so', () => {
  const families = read([])
  assert.equal(families.get('insula_vps_state')?.samples.length, 0)
  assert.ok(families.get('insula_node_vps')?.samples.every(({ value }) => value === 0))
})

test('of VZFS what was looked at is told, and nothing before the first look', () => {
  const told = (vzfs: typeof VZFS | typeof NEVER) =>
    [...parseOpenMetrics(openMetrics(familiesOf({ instance: 'i', version: '1', vpss: [], traffic: new Map(), vzfs })))]
      .filter(([name]) => name.startsWith('insula_vzfs_'))
      .flatMap(([name, { samples }]) => samples.map(({ value }) => [name, value] as const))
  assert.deepEqual(told(NEVER), [])
  assert.deepEqual(told(VZFS), [
    ['insula_vzfs_pool_bytes', 70],
    ['insula_vzfs_pool_files', 9],
    ['insula_vzfs_saved_bytes', 60],
    ['insula_vzfs_resident_bytes', 50],
    ['insula_vzfs_resident_saved_bytes', 40],
    ['insula_vzfs_damaged', 2],
    ['insula_vzfs_check_timestamp_seconds', Date.parse(VZFS.checkedAt) / 1000],
  ])
})

test('of each volume what is known is told, also of one that is missing', () => {
  const families = parseOpenMetrics(
    openMetrics(familiesOf({ instance: 'i', version: '1', vpss: [], traffic: new Map(), vzfs: VZFS })),
  )
  const told = [...families].flatMap(([name, { samples }]) =>
    name.startsWith('insula_volume_') ? samples.map(({ labels, value }) => [name.slice(14), labels['volume'], value]) : [],
  )
  assert.deepEqual(told, [
    ['present', 'ssd', 1],
    ['present', 'lost', 0],
    ['size_bytes', 'ssd', 100],
    ['free_bytes', 'ssd', 80],
    ['vps', 'ssd', 3],
    ['vps', 'lost', 3],
    ['pool_bytes', 'ssd', 7],
    ['saved_bytes', 'ssd', 6],
  ])
})
