/** Volumes of a node: file systems on which private areas lie, each with a pool of its own. */

import { z } from 'zod'
import { VolumeName } from './scalars.ts'
import { LEAST_BYTES } from './size.ts'
import { atLeast } from './size-bounds.ts'

const Grace = z.object({ bytes: z.int(), inodes: z.int() }).describe('Seconds')
const seconds = z
  .int()
  .min(1)
  .max(2 ** 31 - 1)

export const Volume = z
  .object({
    name: z.string(),
    path: z.string().describe('Its directory'),
    image: z.string().nullable().describe('The file that holds it, when Insula made one; else null'),
    first: z.boolean().describe('The one that ./up made or was given. It cannot be removed'),
    present: z.boolean().describe('false: it is missing, and VPSs on it cannot be used'),
    problem: z.string().nullable().describe('Why it is missing'),
    fsType: z.string().nullable().describe('What is not known of a missing one is null'),
    device: z.string().nullable(),
    reflink: z.boolean().nullable().describe('Snapshots and clones share blocks'),
    projectQuota: z.boolean().nullable().describe('Disk limits of VPSs are enforced'),
    userQuota: z.boolean().nullable(),
    grace: Grace.nullable().describe('How long VPSs may exceed their soft disk limits; null where limits are not enforced'),
    totalBytes: z.int().nullable(),
    freeBytes: z.int().nullable(),
    vps: z.int().describe('VPSs on it'),
  })
  .meta({ id: 'Volume' })
export type Volume = z.infer<typeof Volume>

export const VolumeList = z.object({ volumes: z.array(Volume) }).meta({ id: 'VolumeList' })
export type VolumeList = z.infer<typeof VolumeList>

export const VolumeAdd = z
  .strictObject({
    name: VolumeName,
    directory: z
      .string()
      .max(4096)
      .regex(/^\/[^\0]*$/, { error: 'an absolute path' })
      .describe('On XFS or ext4; with a size, where the file is made'),
    size: z
      .int()
      .min(LEAST_BYTES, { error: atLeast(LEAST_BYTES) })
      .optional()
      .describe('Bytes: the volume is a file in the directory that holds an XFS of this size'),
  })
  .meta({ id: 'VolumeAdd' })
export type VolumeAdd = z.infer<typeof VolumeAdd>

/** What is absent keeps its value. */
export const VolumeChange = z
  .strictObject({ grace: z.strictObject({ bytes: seconds, inodes: seconds }).partial() })
  .meta({ id: 'VolumeChange' })
export type VolumeChange = z.infer<typeof VolumeChange>

export const VpsMove = z.strictObject({ volume: VolumeName }).meta({ id: 'VpsMove' })
export type VpsMove = z.infer<typeof VpsMove>
