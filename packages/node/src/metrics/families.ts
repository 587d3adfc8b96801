/** What a node tells its monitoring: of each VPS what a list shows, with its limits, and how many there are in which state. */

import { type Volume, type Vps, VPS_STATES, type VzfsDf } from '@insula/contract'
import type { Family, Sample } from './openmetrics.ts'

export interface Figures {
  readonly instance: string
  readonly version: string
  readonly vpss: readonly Vps[]
  /** Bytes on a VPS's link since it was made, as the VPS sees them, by id. */
  readonly traffic: ReadonlyMap<number, Traffic>
  readonly vzfs: VzfsFigures
}

/** Of the last looks; null: there was none. */
export interface VzfsFigures {
  readonly damaged: number | null
  readonly checkedAt: string | null
  readonly space: VzfsDf['volume'] | null
  readonly volumes: VzfsDf['volumes'] | null
  /** As of now. */
  readonly disks: readonly Volume[]
  readonly residency: { readonly resident: number; readonly saved: number } | null
}

export interface Traffic {
  readonly received: number
  readonly sent: number
}

/** null: there is no such figure now, or no limit. */
type Read = (vps: Vps, traffic: Traffic | undefined) => number | null | undefined

const OF_VPS: readonly (readonly [Family['type'], string, string, Read])[] = [
  ['gauge', 'memory_bytes', 'Memory in use, without what can be given back at once', ({ usage }) => usage?.memory],
  ['gauge', 'memory_limit_bytes', 'Memory that it may have; absent without a limit', ({ limits }) => limits.memory],
  ['gauge', 'swap_bytes', 'Swap in use', ({ usage }) => usage?.swap],
  ['gauge', 'swap_limit_bytes', 'Swap that it may have; absent without a limit', ({ limits }) => limits.swap],
  ['counter', 'cpu_seconds', 'CPU time used since it started', ({ usage }) => usage && usage.cpuMicroseconds / 1e6],
  ['gauge', 'pids', 'Processes and threads', ({ usage }) => usage?.pids],
  ['gauge', 'pids_limit', 'Processes and threads that it may have; absent without a limit', ({ limits }) => limits.pids],
  ['gauge', 'disk_bytes', 'Disk space of its private area', ({ disk }) => disk?.bytes],
  ['gauge', 'disk_limit_bytes', 'Hard limit of its disk space; absent without one', ({ limits }) => limits.disk],
  ['gauge', 'disk_soft_limit_bytes', 'Soft limit of its disk space; absent without one', ({ limits }) => limits.diskSoft],
  ['gauge', 'inodes', 'Inodes of its private area', ({ disk }) => disk?.inodes],
  ['gauge', 'inodes_limit', 'Hard limit of its inodes; absent without one', ({ limits }) => limits.inodes],
  ['gauge', 'inodes_soft_limit', 'Soft limit of its inodes; absent without one', ({ limits }) => limits.inodesSoft],
  [
    'gauge',
    'disk_enforced',
    '1 when the volume enforces disk limits, 0 when it only counts',
    ({ disk }) => disk && Number(disk.enforced),
  ],
  ['counter', 'network_receive_bytes', 'Bytes received since it started', (_vps, traffic) => traffic?.received],
  ['counter', 'network_transmit_bytes', 'Bytes sent since it started', (_vps, traffic) => traffic?.sent],
]

export function familiesOf({ instance, version, vpss, traffic, vzfs }: Figures): Family[] {
  const states: Sample[] = vpss.flatMap((vps) =>
    VPS_STATES.map((state) => ({ labels: { ...labelsOf(vps), state }, value: Number(vps.state === state) })),
  )
  return [
    gauge('insula_node_info', 'Always 1; its labels tell of the node', [{ labels: { instance, version }, value: 1 }]),
    gauge(
      'insula_node_vps',
      'VPSs by state',
      VPS_STATES.map((state) => ({ labels: { state }, value: vpss.filter((vps) => vps.state === state).length })),
    ),
    gauge('insula_vps_state', '1 for the state that it is in, 0 for the others', states),
    ...OF_VPS.map(([type, name, help, read]) => ({
      name: `insula_vps_${name}`,
      type,
      help,
      samples: vpss.flatMap((vps) => {
        const value = read(vps, traffic.get(vps.id)) ?? null
        return value === null ? [] : [{ labels: labelsOf(vps), value }]
      }),
    })),
    ...vzfsFamilies(vzfs),
  ]
}

function vzfsFamilies({ damaged, checkedAt, space, volumes, disks, residency }: VzfsFigures): Family[] {
  const one = (name: string, help: string, value: number | null | undefined): Family =>
    gauge(`insula_vzfs_${name}`, help, value === null || value === undefined ? [] : [{ labels: {}, value }])
  return [
    one('pool_bytes', 'What contents in the pool take on disk', space?.shared),
    one('pool_files', 'Contents in the pool', space?.contents),
    one('saved_bytes', 'What would be on disk more if each VPS had copies of its own', space?.saved),
    one('resident_bytes', 'Contents of the pool that are in RAM for VPSs that run', residency?.resident),
    one('resident_saved_bytes', 'RAM that they would need more if each had copies of its own', residency?.saved),
    ...OF_VOLUME.map(([name, help, read]) =>
      gauge(
        `insula_volume_${name}`,
        help,
        disks.flatMap((disk) => {
          const value = read(disk, volumes?.find((volume) => volume.name === disk.name) ?? null)
          return value === null ? [] : [{ labels: { volume: disk.name }, value }]
        }),
      ),
    ),
    one('damaged', 'What the last check left damaged; absent when there was none', damaged),
    one('check_timestamp_seconds', 'When the last check ended', checkedAt === null ? null : Date.parse(checkedAt) / 1_000),
  ]
}

const OF_VOLUME: readonly (readonly [
  string,
  string,
  (disk: Volume, figures: VzfsDf['volumes'][number] | null) => number | null,
])[] = [
  ['present', '1 when the volume is there, 0 when it is missing', ({ present }) => Number(present)],
  ['size_bytes', 'Size of its file system', ({ totalBytes }) => totalBytes],
  ['free_bytes', 'Free on its file system', ({ freeBytes }) => freeBytes],
  ['vps', 'VPSs on it', ({ vps }) => vps],
  ['pool_bytes', 'What contents in its pool take on disk', (_disk, figures) => figures?.shared ?? null],
  ['saved_bytes', 'What would be on it more if each VPS had copies of its own', (_disk, figures) => figures?.saved ?? null],
]

const labelsOf = ({ id, name }: Vps): { vps: string; name: string } => ({ vps: `${id}`, name })
const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({ name, type: 'gauge', help, samples })
