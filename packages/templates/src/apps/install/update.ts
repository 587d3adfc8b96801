/** Brings the packages of a system to later versions, with its own package manager. */

import { parseSimulated, update, upgrade } from './apt-inside.ts'
import { updateRpms } from './rpm-inside.ts'
import { apt, bring, packagesInside, sweep, type Work } from './work.ts'

/**
 * Nothing is removed, and nothing comes that was not there, but for what an update itself needs. What the tenant has in later versions stays. Cut
 * off, it can be done again.
 * @returns how many packages changed @throws InsideFailed
 */
export async function updateSystem(work: Work): Promise<number> {
  if (work.system.packageManager === 'dnf') return updateRpms(work)
  try {
    await packagesInside(work)
    await bring(work)
    await apt(work, 'preparation', update())
    const { installs } = parseSimulated((await apt(work, 'preparation', upgrade(true))).stdout)
    if (installs.length === 0) return 0
    work.step(`updating ${installs.length} packages`)
    await apt(work, 'update', upgrade())
    return installs.length
  } finally {
    await sweep(work).catch(() => undefined)
  }
}
