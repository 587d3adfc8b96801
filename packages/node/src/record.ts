/** What a node knows of one VPS. The same record lies in the database and, as a copy, in the VPS's private area. */

import { z } from 'zod'
import {
  Dns,
  FIRST_VOLUME,
  Hostname,
  Ipv4,
  Labels,
  Limits,
  PlanName,
  Share,
  SnapshotSchedule,
  UpdatePolicy,
  VpsApp,
  VpsName,
} from '@insula/contract'
import { VPS_STATES } from '@insula/model'

/** Records of versions that knew no disk limits. */
const withDiskLimits = (limits: unknown): unknown => ({
  disk: null,
  diskSoft: null,
  inodes: null,
  inodesSoft: null,
  ...Object(limits),
})

const AppRecord = VpsApp.extend({
  problem: z.string().nullable().default(null),
  /** Packages that came with it: only those go when it is removed. */
  came: z.array(z.string()),
  /** Those of them that had left their configuration there before. */
  remains: z.array(z.string()).default([]),
  /** What waits for the next boot. */
  pending: z.enum(['post-install', 'post-upgrade']).nullable().default(null),
})
export type AppRecord = z.infer<typeof AppRecord>

const VpsRecord = z.object({
  id: z.int(),
  name: VpsName,
  state: z.enum(VPS_STATES),
  hostname: Hostname,
  /** Template version, and its layers, top first. */
  template: z.string(),
  layers: z.array(z.string()).min(1),
  /** Where its private area lies. */
  volume: z.string().default(FIRST_VOLUME),
  /** ready: how to find out that it has booted; records of earlier versions know by the kind of init. */
  init: z.object({ kind: z.string(), path: z.string(), stopSignal: z.string(), ready: z.string().optional() }),
  addresses: z.array(Ipv4),
  /** Empty: those of the node. */
  dns: z.array(Dns),
  nat: z.boolean(),
  limits: z.preprocess(withDiskLimits, Limits),
  /** CPU numbers chosen for `limits.cpus`; null: all. */
  cpuSet: z.array(z.int()).nullable(),
  apps: z.array(AppRecord).default([]),
  labels: Labels.default({}),
  plan: PlanName.nullable().default(null),
  quotaUgid: z.int().default(0),
  onboot: z.boolean(),
  bootOrder: z.int(),
  share: Share.default('all'),
  relinkDue: z.boolean().default(false),
  updates: UpdatePolicy.default('pinned'),
  updatedTo: z.string().nullable().default(null),
  /** When snapshots are made by themselves, and since when that is so. */
  snapshots: SnapshotSchedule.nullable().default(null),
  snapshotsSince: z.string().nullable().default(null),
  /** It is frozen for a moment, for its files to be copied: whoever finds this thaws it. */
  held: z.boolean().default(false),
  /** A waiting init runs in place of its own, for the node to do something inside: whoever finds this ends it. */
  waits: z.boolean().default(false),
  /** Host uid and gid of its root. */
  base: z.int(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  pid: z.int().nullable(),
  lastExit: z
    .object({
      code: z.int().nullable(),
      signal: z.string().nullable(),
      request: z.enum(['reboot', 'poweroff']).nullable(),
      at: z.string(),
    })
    .nullable(),
  problem: z.string().nullable(),
})
export type VpsRecord = z.infer<typeof VpsRecord>

/** From a disk, where anything can lie. @throws with every field that is not what it should be, on one line */
export function parseRecord(found: unknown): VpsRecord {
  if (found === null) throw new Error('there is none')
  const result = VpsRecord.safeParse(found)
  if (result.success) return result.data
  throw new Error(result.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; '))
}
