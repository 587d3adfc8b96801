/** What is wrong with the node, and what to do about it. */

import { z } from 'zod'

export const Finding = z
  .object({
    severity: z.enum(['ok', 'warning', 'error']),
    subject: z.string().describe('"kernel", "volume", "vps 101", ...'),
    message: z.string(),
    remedy: z.string().nullable(),
    repairable: z.boolean().describe('`insula doctor --repair` can put it right'),
  })
  .meta({ id: 'Finding' })
export type Finding = z.infer<typeof Finding>

export const DoctorReport = z.object({ findings: z.array(Finding) }).meta({ id: 'DoctorReport' })
export type DoctorReport = z.infer<typeof DoctorReport>
