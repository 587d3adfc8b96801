/** The quota of each VPS that is served, opened once. */

import { type FileCalls, type OpenQuota, SystemCallFailed } from '@insula/kernel'
import { type IdQuota, openIdQuota, settingsFile } from '@insula/vzfs'
import type { ListenedVps } from '../vps.ts'

export interface QuotaVolumes {
  /** Null: its volume keeps none. */
  of(vps: ListenedVps): IdQuota | null
  /** Settles the quota of all that are served, whether anybody in them asked or not, in steps. */
  settle(): Generator<void, void>
  /** A volume is closed with the last one on it. */
  forget(id: string): void
}

export interface QuotaVolumesNeed {
  /** By id. */
  readonly served: () => ReadonlyMap<string, ListenedVps>
  readonly files: Pick<FileCalls, 'lock'>
  readonly open: (volume: string) => OpenQuota
  readonly log: (message: string) => void
}

export function quotaVolumes({ served, files, open, log }: QuotaVolumesNeed): QuotaVolumes {
  const volumes = new Map<string, OpenQuota>()
  const known = new Map<string, { readonly volume: string; readonly quota: IdQuota }>()
  const forget = (id: string): void => {
    const volume = known.get(id)?.volume
    known.delete(id)
    if (volume === undefined || [...known.values()].some((other) => other.volume === volume)) return
    // Or nobody could unmount it.
    volumes.get(volume)?.[Symbol.dispose]()
    volumes.delete(volume)
  }
  const of = ({ id, base, quota: place }: ListenedVps): IdQuota | null => {
    if (place === null) return null
    const found = known.get(id)
    if (found) return found.quota
    const { volume, area } = place
    const quota = volumes.get(volume) ?? open(volume)
    volumes.set(volume, quota)
    // Not durable: this thread waits for no disk.
    const opened = openIdQuota({ settings: settingsFile(files, area, false), quota, base })
    known.set(id, { volume, quota: opened })
    return opened
  }
  return {
    of,
    *settle() {
      for (const id of served().keys()) {
        // It may have ended since the step before.
        const vps = served().get(id)
        if (!vps) continue
        try {
          yield* of(vps)?.settle() ?? []
          yield
        } catch (error) {
          if (!(error instanceof SystemCallFailed)) forget(id)
          log(`VPS ${id}: grace times of its users could not be looked at: ${(error as Error).message}`)
        }
      }
    },
    forget,
  }
}
