/** Files of a stopped VPS, mounted on the node for its administrator. */

import { z } from 'zod'
import { Moment } from './scalars.ts'

export const VpsMount = z
  .strictObject({
    write: z.boolean().describe('Read-only when absent'),
    followLinks: z
      .boolean()
      .describe(
        "Symbolic links are followed; absolute ones lead into the node's own files. When absent they can be read, not followed",
      ),
  })
  .partial()
  .meta({ id: 'VpsMount' })
export type VpsMount = z.infer<typeof VpsMount>

export const VpsMounted = z
  .object({
    vps: z.int(),
    name: z.string(),
    path: z.string().describe('On the node'),
    write: z.boolean(),
    followLinks: z.boolean(),
    since: Moment,
  })
  .meta({ id: 'VpsMounted' })
export type VpsMounted = z.infer<typeof VpsMounted>
