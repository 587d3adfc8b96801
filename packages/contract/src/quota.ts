/** Quota of users and groups inside a VPS: what each has, and may have. Ids are those of the VPS. */

import { z } from 'zod'
import { atLeast } from './size-bounds.ts'
import { Moment } from './scalars.ts'

export const QuotaKind = z.enum(['user', 'group'])

const limits = {
  bytesSoft: z
    .int()
    .min(1024, { error: atLeast(1024) })
    .nullable()
    .describe('Bytes that may be exceeded for the grace time; null: none'),
  bytesHard: z
    .int()
    .min(1024, { error: atLeast(1024) })
    .nullable()
    .describe('Bytes; null: no limit'),
  inodesSoft: z.int().min(1).nullable().describe('Inodes that may be exceeded for the grace time; null: none'),
  inodesHard: z.int().min(1).nullable().describe('Inodes; null: no limit'),
}

export const QuotaEntry = z
  .object({
    kind: QuotaKind,
    id: z.int(),
    ...limits,
    bytes: z.int(),
    inodes: z.int(),
    bytesGraceEnds: Moment.nullable().describe('When the soft limit becomes a hard one'),
    inodesGraceEnds: Moment.nullable(),
  })
  .meta({ id: 'QuotaEntry' })
export type QuotaEntry = z.infer<typeof QuotaEntry>

const seconds = z
  .int()
  .min(1)
  .max(2 ** 31 - 1)
const Grace = z.object({ bytes: z.int(), inodes: z.int() })
export const QuotaGraces = z
  .object({ user: Grace, group: Grace })
  .meta({ id: 'QuotaGraces', description: 'Seconds that a soft limit may be exceeded' })
export type QuotaGraces = z.infer<typeof QuotaGraces>

/** For both kinds when none is given. What is absent keeps its value. */
export const QuotaGraceChange = z
  .strictObject({ kind: QuotaKind, bytes: seconds, inodes: seconds })
  .partial()
  .meta({ id: 'QuotaGraceChange' })
export type QuotaGraceChange = z.infer<typeof QuotaGraceChange>

export const QuotaList = z.object({
  entries: z.array(QuotaEntry),
  accounted: z.int().describe('How many users and groups may have limits'),
  enforced: z
    .object({ user: z.boolean(), group: z.boolean() })
    .describe('Whether limits hold; root of the VPS can turn them off (quotaoff)'),
  grace: QuotaGraces,
})
export type QuotaList = z.infer<typeof QuotaList>

/** What is absent keeps its value. */
export const QuotaChange = z
  .strictObject({ kind: QuotaKind, id: z.int().min(0).max(65_535), ...z.strictObject(limits).partial().shape })
  .meta({ id: 'QuotaChange' })
export type QuotaChange = z.infer<typeof QuotaChange>
