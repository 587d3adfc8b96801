/** A record for tests, ordinary but for what they say. */

import { DEFAULT_LIMITS } from '@insula/model'
import type { VpsRecord } from '../record.ts'

export const aVps = (fields: Partial<VpsRecord> = {}): VpsRecord => ({
  id: 101,
  name: 'web',
  state: 'stopped',
  hostname: 'web',
  template: 'micro@2026-01-01.1',
  layers: ['micro@2026-01-01.1'],
  volume: 'default',
  init: { kind: 'busybox', path: '/sbin/init', stopSignal: 'SIGUSR2' },
  addresses: [],
  dns: [],
  nat: true,
  limits: DEFAULT_LIMITS,
  cpuSet: null,
  apps: [],
  quotaUgid: 0,
  onboot: false,
  bootOrder: 100,
  snapshots: null,
  snapshotsSince: null,
  held: false,
  waits: false,
  share: 'all',
  updates: 'pinned',
  updatedTo: null,
  relinkDue: false,
  base: 2 ** 28,
  createdAt: '2026-01-01T00:00:00.000Z',
  startedAt: null,
  pid: null,
  lastExit: null,
  problem: null,
  ...fields,
})
