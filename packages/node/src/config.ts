/** What an administrator sets for one instance: /etc/insula/INSTANCE.json. Every field may be absent. */

import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { Dns } from '@insula/contract'
import { isSchedule } from './relink-clock.ts'

export const Config = z.strictObject({
  /** Where "auto" addresses come from, CIDR. */
  addressPool: z.cidrv4({ error: 'a network such as "10.77.0.0/16"' }).optional(),
  /** Device towards the world; the one of the default route when absent. */
  uplink: z.string().min(1).max(15).optional(),
  /** Resolvers of VPSs that name none; the node's own when absent. */
  dns: z.array(Dns).max(8).optional(),
  /** Outgoing NAT of VPSs that do not say. */
  nat: z.boolean().optional(),
  /** First host uid and gid that this instance gives to VPSs; a multiple of 65,536. */
  idRangeStart: z.int().min(65_536).multipleOf(65_536).optional(),
  /** Directory on a file system of the administrator's, in place of the loop-backed volume. */
  volume: z.string().startsWith('/').optional(),
  /** On which volume a VPS lies that is created without one being named: the first one when absent. most-room: where most bytes are free. */
  newVolume: z.enum(['first', 'most-room']).optional(),
  /** When private files that others have too become links: at a stop, in the background, when absent. */
  relink: z.enum(['at-stop', 'at-start', 'off']).optional(),
  /** When all are relinked besides, as cron says it: "30 3 * * 0". */
  relinkSchedule: z
    .string()
    .refine(isSchedule, { error: 'times as cron says them: minute hour day month weekday, "30 3 * * *"' })
    .optional(),
  /** Package mirror for template builds; the node's own apt sources when absent. */
  mirror: z.url().optional(),
  /** Where finished trees of template builds are kept, for machines that build the same template again and again. */
  templateCache: z.string().startsWith('/').optional(),
  /** Whether contents that nothing names any more are deleted when a template is removed; true when absent. `insula vzfs gc` does it too. */
  collectAfterRemoval: z.boolean().optional(),
  /** Bytes of RAM that files of a template may fill when they are read before its first VPS starts; 0: none. 256 MiB when absent. */
  readAhead: z.int().min(0).optional(),
})
export type Config = z.infer<typeof Config>

/** @throws with the file, the field and what it should be */
export function readConfig(file: string): Config {
  if (!existsSync(file)) return {}
  const text = readFileSync(file, 'utf8')
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`, { cause: error })
  }
  const result = Config.safeParse(parsed)
  if (result.success) return result.data
  const faults = result.error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`)
  throw new Error(`${file} is not valid: ${faults.join('; ')}`)
}
