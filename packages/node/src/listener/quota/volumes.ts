/** The quota of each VPS that is served, opened once. */

import { type FileCalls, type OpenQuota, SystemCallFailed } from '@insula/kernel'
import { type IdQuota, openIdQuota, settingsFile } from '@insula/vzfs'
import type { ListenedVps } from '../vps.ts'

export interface QuotaVolumes {
  /** Null: its volume keeps none. */
  of(vps: ListenedVps): IdQuota | null
  /** Moves the ends of grace times of all that were asked for, in steps. */
  settle(): Generator<void, void>
  forget(id: string): void
}

export interface QuotaVolumesNeed {
  readonly files: Pick<FileCalls, 'lock'>
  readonly open: (volume: string) => OpenQuota
  readonly log: (message: string) => void
}

export function quotaVolumes({ files, open, log }: QuotaVolumesNeed): QuotaVolumes {
  const volumes = new Map<string, OpenQuota>()
  const known = new Map<string, IdQuota>()
  return {
    of({ id, base, quota: place }) {
      if (place === null) return null
      const found = known.get(id)
      if (found) return found
      const quota = volumes.get(place.volume) ?? open(place.volume)
      volumes.set(place.volume, quota)
      // Not durable: this thread waits for no disk.
      const opened = openIdQuota({ settings: settingsFile(files, place.area, false), quota, base })
      known.set(id, opened)
      return opened
    },
    *settle() {
      for (const [id, quota] of known) {
        try {
          yield* quota.settle()
        } catch (error) {
          if (!(error instanceof SystemCallFailed)) known.delete(id)
          log(`VPS ${id}: grace times of its users could not be looked at: ${(error as Error).message}`)
        }
      }
    },
    forget: (id) => void known.delete(id),
  }
}
