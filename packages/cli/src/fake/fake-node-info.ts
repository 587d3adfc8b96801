/** What the fake node says of its machine. */

import type { Finding, Health, NodeInfo } from '@insula/contract'
import type { FakeState } from './fake-state.ts'

export const nodeInfo = ({ swap, vps }: Pick<FakeState, 'swap' | 'vps'>): NodeInfo => ({
  instance: 'insula',
  version: '0.1.0',
  hostname: 'node',
  kernel: '6.12.0',
  cgroups: 'unified',
  controllers: ['cpu', 'memory', 'pids'],
  swapAccounting: true,
  cpus: 2,
  memory: 8 * 1024 ** 3,
  swap,
  tools: {},
  volume: {
    path: '/v',
    fsType: 'xfs',
    projectQuota: false,
    userQuota: false,
    reflink: true,
    totalBytes: 1024 ** 4,
    freeBytes: 1024 ** 3,
  },
  network: { pool: '10.77.0.0/16', addressesFree: 9, uplink: 'eth0' },
  vps: { total: vps.size, running: 0 },
})

export const nodeHealth = ({ problems }: Pick<FakeState, 'problems'>): Health => ({
  status: problems.length === 0 ? 'ok' : 'degraded',
  version: '0.1.0',
  pid: 1,
  startedAt: '2026-01-02T03:04:05.000Z',
  keeper: { connected: true, pid: 2 },
  lxcfs: { pid: 3, healthy: true, restarts: 0 },
  problems,
})

export const FINDINGS: readonly Finding[] = [
  { severity: 'ok', subject: 'kernel', message: '6.12.0 can do everything', remedy: null, repairable: false },
  {
    severity: 'error',
    subject: 'vps 101',
    message: 'its link is missing',
    remedy: 'insula doctor --repair',
    repairable: true,
  },
]
