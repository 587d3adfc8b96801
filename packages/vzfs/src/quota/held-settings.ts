/** Settings of users and groups in memory. */

import { NO_ID_SETTINGS, type SettingsFile } from './settings.ts'

export function heldSettings(): SettingsFile {
  let settings = NO_ID_SETTINGS
  return {
    read: () => settings,
    change(change, then) {
      settings = change(settings)
      then?.(settings)
      return settings
    },
    kept: () => null,
    reset: (other) => void (settings = other),
  }
}
