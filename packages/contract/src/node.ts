/** The node itself: what it is, what its kernel and volume can do, and whether its parts are well. */

import { z } from 'zod'
import { Moment } from './scalars.ts'

export const NodeInfo = z
  .object({
    instance: z.string(),
    version: z.string(),
    hostname: z.string(),
    kernel: z.string().describe('uname -r'),
    cgroups: z.enum(['unified', 'hybrid', 'legacy']),
    controllers: z.array(z.string()),
    swapAccounting: z.boolean(),
    cpus: z.int(),
    memory: z.int().describe('Bytes'),
    swap: z.int().describe('Bytes of swap space; 0: none'),
    tools: z.record(z.string(), z.string()).describe('Tool to version'),
    volume: z.object({
      path: z.string(),
      fsType: z.string(),
      projectQuota: z.boolean(),
      userQuota: z.boolean(),
      reflink: z.boolean(),
      totalBytes: z.int(),
      freeBytes: z.int(),
    }),
    network: z.object({
      pool: z.string().nullable().describe('Where "auto" takes addresses from, "10.77.0.0/16"'),
      addressesFree: z.int(),
      uplink: z.string().nullable(),
    }),
    vps: z.object({ total: z.int(), running: z.int() }),
  })
  .meta({ id: 'NodeInfo' })
export type NodeInfo = z.infer<typeof NodeInfo>

export const Health = z
  .object({
    status: z.enum(['ok', 'starting', 'degraded']),
    version: z.string(),
    pid: z.int(),
    startedAt: Moment,
    keeper: z.object({ connected: z.boolean(), pid: z.int().nullable() }),
    lxcfs: z.object({ pid: z.int().nullable(), healthy: z.boolean(), restarts: z.int() }),
    problems: z.array(z.string()),
  })
  .meta({ id: 'Health' })
export type Health = z.infer<typeof Health>
