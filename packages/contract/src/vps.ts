/** A VPS as the API shows it, and what can be asked of it. Sizes are bytes. */

import { z } from 'zod'
import { AppWish, VpsApp } from './app.ts'
import { Share } from './relink.ts'
import { AddressWish, Dns, Hostname, Moment, TemplateRef, VolumeName, VpsId, VpsName } from './scalars.ts'
import { Labels, LabelsChange, PlanName } from './selection.ts'
import { LEAST_BYTES } from './size.ts'
import { atLeast } from './size-bounds.ts'
import { SnapshotSchedule } from './snapshot.ts'
import { VPS_STATES } from './states.ts'
import { UpdatePolicy } from './update.ts'

const limitFields = {
  memory: z
    .int()
    .min(LEAST_BYTES, { error: atLeast(LEAST_BYTES) })
    .nullable()
    .describe('Bytes of memory; null: no limit'),
  swap: z.int().min(0).nullable().describe('Bytes of swap on top of memory; null: no limit'),
  cpuUnits: z.int().min(8).max(500_000).describe('Weight against neighbours; 1000 is the default'),
  cpuLimit: z.number().min(1).max(1_000_000).nullable().describe('Per cent of one CPU, 150 is one and a half; null: no limit'),
  cpus: z.int().min(1).max(8192).nullable().describe('How many CPUs may be used; null: all'),
  pids: z.int().min(1).max(4_194_304).nullable().describe('Processes and threads; null: no limit'),
  disk: z
    .int()
    .min(LEAST_BYTES, { error: atLeast(LEAST_BYTES) })
    .nullable()
    .describe('Bytes of its private area; shared files count nothing; null: no limit'),
  diskSoft: z
    .int()
    .min(LEAST_BYTES, { error: atLeast(LEAST_BYTES) })
    .nullable()
    .describe('Bytes that may be exceeded for the grace time; null: none'),
  inodes: z
    .int()
    .min(100)
    .max(2 ** 48)
    .nullable()
    .describe('Inodes of its private area; null: no limit'),
  inodesSoft: z
    .int()
    .min(100)
    .max(2 ** 48)
    .nullable()
    .describe('Inodes that may be exceeded for the grace time; null: none'),
}

export const Limits = z.object(limitFields).meta({ id: 'Limits' })
export type Limits = z.infer<typeof Limits>

/** Fields that are absent keep their value (on create: the default). */
export const LimitsChange = z.strictObject(limitFields).partial().meta({ id: 'LimitsChange' })
export type LimitsChange = z.infer<typeof LimitsChange>

export const Vps = z
  .object({
    id: z.int(),
    name: z.string(),
    state: z.enum(VPS_STATES),
    hostname: z.string(),
    template: z.string().describe('The version it was created from, "debian-12@2026-11-23.1"'),
    volume: z.string().describe('Where its private area lies'),
    addresses: z.array(z.ipv4()),
    dns: z.array(z.string()),
    nat: z.boolean().describe('Outgoing connections leave with the address of the node'),
    limits: Limits,
    apps: z.array(VpsApp),
    labels: Labels,
    plan: PlanName.nullable(),
    quotaUgid: z.int().describe('How many users and groups inside may have limits of their own; 0: none'),
    onboot: z.boolean().describe('Started when Insula comes up: at a boot of the machine, and at ./up after ./down'),
    bootOrder: z.int().describe('Lower starts first'),
    snapshots: SnapshotSchedule.nullable().describe('When snapshots are made by themselves; null: never'),
    share: Share,
    relinkDue: z.boolean().describe('It is relinked when it stops or starts next'),
    updates: UpdatePolicy,
    updatedTo: z
      .string()
      .nullable()
      .describe('The version of its OS template that it was updated to since; null: it has the one that it was created from'),
    createdAt: Moment,
    startedAt: Moment.nullable(),
    pid: z.int().nullable().describe('Process id of its init, as the node sees it'),
    lastExit: z
      .object({
        code: z.int().nullable(),
        signal: z.string().nullable(),
        request: z.enum(['reboot', 'poweroff']).nullable(),
        at: Moment,
      })
      .nullable()
      .describe('How its init ended last'),
    problem: z.string().nullable().describe('Why it failed, or what is wrong with it'),
    usage: z
      .object({ memory: z.int(), swap: z.int(), pids: z.int(), cpuMicroseconds: z.int() })
      .nullable()
      .describe('Only while it runs'),
    disk: z
      .object({
        bytes: z.int(),
        inodes: z.int(),
        enforced: z.boolean().describe('false: limits are not enforced on this volume'),
        bytesGraceEnds: Moment.nullable().describe('When the soft limit becomes a hard one'),
        inodesGraceEnds: Moment.nullable(),
      })
      .nullable()
      .describe('What its private area takes; null in a list until it was first counted'),
  })
  .meta({ id: 'Vps' })
export type Vps = z.infer<typeof Vps>

/** Changing any of these is possible while it runs, but for the hostname, which takes effect at the next start. */
const settings = {
  hostname: Hostname,
  addresses: z.array(AddressWish).max(64),
  dns: z.array(Dns).max(8),
  nat: z.boolean(),
  limits: LimitsChange,
  quotaUgid: z.int().min(0).max(10_000),
  onboot: z.boolean(),
  bootOrder: z.int().min(0).max(1_000_000),
  snapshots: SnapshotSchedule.nullable(),
  share: Share,
  updates: UpdatePolicy,
  plan: PlanName.nullable(),
}

export const VpsCreate = z
  .strictObject({
    name: VpsName,
    template: TemplateRef,
    id: VpsId.optional().describe('The next free one when absent'),
    volume: VolumeName.optional().describe('Where its private area will lie; as the node is configured when absent'),
    ...z.strictObject(settings).partial().shape,
    labels: Labels.optional(),
    apps: z
      .array(AppWish)
      .max(20)
      .optional()
      .describe('It has these from the beginning; they are configured once it has booted, in this task if it is started by it'),
    start: z.boolean().optional().describe('Start it once it exists'),
  })
  .meta({ id: 'VpsCreate' })
export type VpsCreate = z.infer<typeof VpsCreate>

export const VpsChange = z
  .strictObject({
    ...settings,
    labels: LabelsChange.describe('Those that are absent stay; null takes one away'),
    force: z.boolean().describe('Disk limits also below what is in use: nothing is lost, nothing more fits'),
  })
  .partial()
  .meta({ id: 'VpsChange' })
export type VpsChange = z.infer<typeof VpsChange>

export const VpsRename = z.strictObject({ name: VpsName }).meta({ id: 'VpsRename' })
export type VpsRename = z.infer<typeof VpsRename>

export const VpsStop = z
  .strictObject({
    timeout: z.number().min(0).max(3600).optional().describe('Seconds until what still runs is killed'),
    force: z.boolean().optional().describe('Kill at once'),
  })
  .meta({ id: 'VpsStop' })
export type VpsStop = z.infer<typeof VpsStop>
