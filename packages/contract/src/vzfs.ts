/** The care of VZFS: what it takes and saves, what of it is in RAM, whether it is sound. */

import { z } from 'zod'
import { TemplateRef } from './scalars.ts'

const bytes = (what: string) => z.int().describe(what)

const figures = {
  apparent: bytes('Lengths of all regular files'),
  shared: bytes('What the contents take on disk that are in the pool'),
  saved: bytes('What would be on disk more if each VPS had copies of its own'),
}

/** Bytes. docs/vzfs.md defines the words. */
export const VzfsDf = z
  .object({
    vps: z.array(
      z.object({
        id: z.int(),
        name: z.string(),
        files: z.int().describe('Regular files that it shows'),
        volume: z.string(),
        ...figures,
        private: bytes('What its private area takes on disk'),
      }),
    ),
    templates: z.array(
      z.object({
        ref: z.string(),
        users: z.int().describe('VPSs'),
        ...figures,
        private: bytes('Metadata and small files: what it takes on disk besides contents in the pool'),
      }),
    ),
    volume: z
      .object({ path: z.string(), contents: z.int().describe('Files in the pool'), ...figures, private: z.int() })
      .describe('Of all volumes together; the path is that of the first'),
    volumes: z.array(z.object({ name: z.string(), path: z.string(), contents: z.int(), ...figures, private: z.int() })),
  })
  .meta({ id: 'VzfsDf' })
export type VzfsDf = z.infer<typeof VzfsDf>

export const VzfsResidency = z
  .object({
    templates: z.array(
      z.object({
        ref: z.string(),
        users: z.int().describe('VPSs that run'),
        files: z.int().describe('Contents in the pool'),
        bytes: z.int(),
        residentFiles: z.int().describe('Contents of which something is in RAM'),
        resident: bytes('Bytes in RAM'),
        saved: bytes('RAM that the VPSs that run would need more if each had copies of its own'),
        biggest: z.array(z.object({ path: z.string(), bytes: z.int(), resident: z.int() })),
      }),
    ),
    vps: z.array(
      z.object({
        id: z.int(),
        name: z.string(),
        volume: z.string(),
        resident: bytes('In RAM of contents in the pool that it shows'),
        saved: bytes('Its part of what is saved'),
      }),
    ),
    volumes: z.array(z.object({ name: z.string(), resident: z.int(), saved: z.int() })),
    resident: bytes('In RAM for all VPSs that run, each content once'),
    saved: z.int(),
  })
  .meta({ id: 'VzfsResidency' })
export type VzfsResidency = z.infer<typeof VzfsResidency>

export const VzfsCheck = z
  .strictObject({
    deep: z.boolean().describe('Also read all contents from the disk; damaged ones are moved aside'),
    repair: z.boolean().describe('Put right what can be'),
    rate: z
      .int()
      .min(1024 ** 2)
      .describe('Bytes per second that are read at most'),
    from: z
      .array(z.string().startsWith('/', { error: 'an absolute path' }).max(4096))
      .max(16)
      .describe('Directories on the node that may hold bytes that are missing'),
  })
  .partial()
  .meta({ id: 'VzfsCheck' })
export type VzfsCheck = z.infer<typeof VzfsCheck>

const VzfsDamage = z.object({
  kind: z.string().describe('"contents", "stub", "metadata", ...'),
  path: z.string(),
  problem: z.string(),
  repairable: z.boolean(),
  volume: z.string().optional().describe('Where there are several'),
})

/** Of a check that is done. */
export const VzfsCheckResult = z
  .object({
    deep: z.boolean(),
    damages: z.array(VzfsDamage).describe('What is wrong still; the first thousand'),
    damaged: z.int().describe('How many there are'),
    repaired: z.array(VzfsDamage),
    hit: z.array(z.object({ vps: z.int(), name: z.string(), running: z.boolean() })).describe('VPSs that miss contents'),
    orphans: z.object({ files: z.int(), bytes: z.int() }).describe('Contents that nothing names: no damage'),
    looked: z.object({ layers: z.int(), areas: z.int(), contents: z.int(), bytes: z.int() }),
  })
  .meta({ id: 'VzfsCheckResult' })
export type VzfsCheckResult = z.infer<typeof VzfsCheckResult>

export const VzfsGc = z
  .strictObject({ dryRun: z.boolean().describe('Only say what would be deleted') })
  .partial()
  .meta({ id: 'VzfsGc' })
export type VzfsGc = z.infer<typeof VzfsGc>

export const VzfsGcResult = z
  .object({
    files: z.int(),
    bytes: bytes('On disk'),
    layers: z
      .array(z.object({ name: z.string(), os: z.string(), apps: z.array(z.string()) }))
      .describe(
        'Shared layers of apps that no VPS and no snapshot uses. What they alone name is not among the files of a dry run',
      ),
    dryRun: z.boolean(),
  })
  .meta({ id: 'VzfsGcResult' })
export type VzfsGcResult = z.infer<typeof VzfsGcResult>

export const ResidencyQuery = z.strictObject({
  template: TemplateRef.optional().describe('Only this one'),
  files: z.coerce
    .number<number>()
    .int()
    .min(0)
    .max(1000)
    .optional()
    .describe('How many of the biggest files are told of each template'),
})
