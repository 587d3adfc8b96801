/** Settings of users and groups in memory. */

import { VzfsError } from '../errors.ts'
import { type IdSettings, NO_ID_SETTINGS, type SettingsFile } from './settings.ts'

export interface HeldSettings extends SettingsFile {
  /** As a power failure does: what was kept is as it is now. */
  damage(): void
}

export function heldSettings(): HeldSettings {
  let settings = NO_ID_SETTINGS
  let kept: IdSettings | null = null
  const held: HeldSettings = {
    read() {
      if (kept) throw new VzfsError('damaged', 'quota.json is damaged')
      return settings
    },
    change(change, then) {
      settings = change(held.read())
      then?.(settings)
      return settings
    },
    kept: () => kept,
    reset(other) {
      settings = other
      kept = null
    },
    damage: () => void (kept = settings),
  }
  return held
}
