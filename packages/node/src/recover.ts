/** Rebuilds the database from the records that lie in private areas, with VPSs running or not. */

import { ZodError } from 'zod'
import type { Means } from './means.ts'
import { reconcile } from './reconcile.ts'
import { readCopy } from './record-copy.ts'

export interface Recovery {
  readonly recovered: string[]
  /** VPSs that the database knew already. */
  readonly known: number
  readonly damaged: { readonly vps: number; readonly reason: string }[]
}

export async function recover(means: Means): Promise<Recovery> {
  const { inventory, lostAreas, vzfs } = means
  const recovered: string[] = []
  const damaged: { vps: number; reason: string }[] = []
  const known = inventory.all().length
  for (const { id, base } of await lostAreas.look()) {
    try {
      const record = await readCopy(means, { id, base })
      // Whether it runs is the keeper's to say; `reconcile` asks.
      const volume = (await vzfs.of(id)).name
      await inventory.add({ ...record, volume, state: 'stopped', pid: null, startedAt: null })
      recovered.push(record.name)
    } catch (error) {
      damaged.push({ vps: id, reason: `its record cannot be read: ${why(error)}` })
    }
  }
  await lostAreas.giveUp(damaged.map(({ vps }) => vps))
  await reconcile(means)
  return { recovered, known, damaged }
}

/** In one line. */
function why(error: unknown): string {
  if (!(error instanceof ZodError)) return (error as Error).message
  return error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; ')
}
