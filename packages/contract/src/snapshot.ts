/** Snapshots of a VPS's private area, when they are made, and VPSs that begin as copies of others. */

import { z } from 'zod'
import { SNAPSHOT_NAME_RULE, isSnapshotName } from './names.ts'
import { AddressWish, Hostname, Moment, VolumeName, VpsId, VpsName } from './scalars.ts'

export const SnapshotName = z.string().refine(isSnapshotName, { error: SNAPSHOT_NAME_RULE })

export const Snapshot = z
  .object({
    name: z.string(),
    cause: z.enum(['asked', 'schedule', 'rollback']).describe('rollback: it is what was there before one'),
    comment: z.string().nullable(),
    createdAt: Moment,
    expiresAt: Moment.nullable().describe('When it is removed; null: by hand alone'),
    template: z.string().nullable().describe('Of which the VPS was then'),
    bytes: z.int().describe('What it takes of the disk limit of the VPS'),
    inodes: z.int(),
  })
  .meta({ id: 'Snapshot' })
export type Snapshot = z.infer<typeof Snapshot>

const LONGEST = 10 * 366 * 86_400

export const SnapshotCreate = z
  .strictObject({
    name: SnapshotName.describe('The time when absent'),
    comment: z.string().max(200),
    expires: z.int().min(60).max(LONGEST).describe('Seconds after which it is removed; never when absent'),
    suspend: z
      .boolean()
      .describe('Keep the VPS suspended while its files are copied, on a volume that cannot share their blocks'),
  })
  .partial()
  .meta({ id: 'SnapshotCreate' })
export type SnapshotCreate = z.infer<typeof SnapshotCreate>

/** Exactly one of `every` and `at`. */
export const SnapshotSchedule = z
  .strictObject({
    every: z.int().min(60, { error: 'at least a minute' }).max(LONGEST).nullable().describe('Seconds between two'),
    at: z
      .string()
      .max(100)
      .nullable()
      .describe('When, as cron says it: minute hour day month weekday; in the time zone of the node'),
    keep: z.int().min(1).max(1000).describe('The last so many are kept'),
    suspend: z.boolean().describe('As when one is made by hand'),
  })
  .refine(({ every, at }) => (every === null) !== (at === null), { error: 'takes either "every" or "at"' })
  .meta({ id: 'SnapshotSchedule' })
export type SnapshotSchedule = z.infer<typeof SnapshotSchedule>

/** What is not given is as the original has it, but for `onboot`. */
export const VpsClone = z
  .strictObject({
    name: VpsName,
    snapshot: SnapshotName.optional().describe('As the original was then; as it is now when absent, and it must be stopped'),
    id: VpsId.optional().describe('The next free one when absent'),
    volume: VolumeName.optional().describe('That of the original when absent'),
    hostname: Hostname.optional().describe('Its name when absent'),
    addresses: z.array(AddressWish).max(64).optional().describe('As many free ones as the original has addresses when absent'),
    onboot: z.boolean().optional(),
  })
  .meta({ id: 'VpsClone' })
export type VpsClone = z.infer<typeof VpsClone>
