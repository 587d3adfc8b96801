/** VPSs whose volume is not there. */

import { VzfsError } from '@insula/vzfs'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'

/** In words; null: it is there. */
export function missingVolume({ vzfs }: Pick<Means, 'vzfs'>, { volume }: Pick<VpsRecord, 'volume'>): string | null {
  const found = vzfs.volumes().find(({ name }) => name === volume)
  if (found === undefined) return `its volume ${volume} is not among those of this node`
  return found.vzfs === null ? `its volume ${volume} (${found.path}) is not there: ${found.problem ?? 'unknown'}` : null
}

/** Whether something was refused because the volume is not there. */
export const isVolumeGone = (error: unknown): boolean =>
  error instanceof VzfsError && (error.code === 'volume_missing' || error.code === 'volume_unknown')
