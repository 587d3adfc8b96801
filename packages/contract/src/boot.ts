/** How far the system inside a VPS is. A VPS is running as soon as its init is; its services come up after that. */

import { z } from 'zod'

const BOOT_STATES = ['booting', 'up', 'degraded'] as const

export const Boot = z
  .object({
    state: z
      .enum(BOOT_STATES)
      .describe(
        'up: systemd has started everything. degraded: it is done, and some units failed. An init that tells nothing is up',
      ),
    says: z.string().nullable().describe('What systemd says of itself: "starting", "running", "maintenance"'),
    failed: z.array(z.string()).describe('Units that failed, of a degraded one'),
  })
  .meta({ id: 'Boot' })
export type Boot = z.infer<typeof Boot>
