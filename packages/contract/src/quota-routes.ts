/** Routes of the disk quota of users and groups inside a VPS. */

import { z } from 'zod'
import { endpoints } from './endpoints.ts'
import { QuotaChange, QuotaEntry, QuotaGraceChange, QuotaGraces, QuotaKind, QuotaList } from './quota.ts'
import { VpsRef } from './scalars.ts'

const ofVps = z.strictObject({ vps: VpsRef })

export const quotaRoutes = {
  quotaList: {
    ...endpoints.quotaList,
    summary: 'Users and groups inside a VPS that have files or limits, and what they may have',
    params: ofVps,
    query: z.strictObject({ kind: QuotaKind.optional() }),
    response: QuotaList,
    status: 200,
    errors: ['not_found', 'unsupported'],
  },
  quotaSet: {
    ...endpoints.quotaSet,
    summary: 'Limit a user or a group inside a VPS, at once',
    params: ofVps,
    body: QuotaChange,
    response: z.object({ entry: QuotaEntry }),
    status: 200,
    errors: ['not_found', 'unsupported', 'exhausted', 'conflict'],
  },
  quotaGrace: {
    ...endpoints.quotaGrace,
    summary: 'How long users and groups inside a VPS may exceed their soft limits; times that run already stay',
    params: ofVps,
    body: QuotaGraceChange,
    response: z.object({ grace: QuotaGraces }),
    status: 200,
    errors: ['not_found', 'unsupported'],
  },
} as const
