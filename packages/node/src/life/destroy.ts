/** A VPS ceases to be. Its name, addresses and ids are free only when its files are out of reach. */

import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import { requireLegal } from './legality.ts'
import { forgetLastWords } from './last-words.ts'
import { takeDown } from './parts.ts'
import { stopVps } from './stop.ts'
import { COME_BACK } from '../volumes/come-back.ts'
import { isVolumeGone, missingVolume } from '../volumes/missing.ts'

export async function destroyVps(means: Means, id: number, force: boolean): Promise<void> {
  const { inventory } = means
  const vps = inventory.get(id)
  if (force && (vps?.state === 'running' || vps?.state === 'suspended')) await stopVps(means, id, { force: true })
  requireLegal('destroy', inventory.get(id), id)
  const found = inventory.get(id)
  const missing = found && missingVolume(means, found)
  if (found && missing !== null && !force)
    throw failure(
      'unavailable',
      `cannot destroy VPS "${found.name}": ${missing}`,
      `${COME_BACK}; or give it up: \`insula destroy --force ${found.name}\``,
    )
  await means.mounted.requireNone(id, `cannot destroy VPS "${vps?.name}"`)
  await inventory.move(id, 'destroying')
  await finishDestroy(means, id, force)
}

/** From `destroying` to gone; also what a restarted daemon does with a destroy that was cut off. */
export async function finishDestroy(means: Means, id: number, force = false): Promise<void> {
  const vps = means.inventory.get(id)
  if (!vps) return
  await takeDown(means, vps)
  await means.vzfs.areas.remove(id).catch((error: unknown) => {
    if (!force || !isVolumeGone(error)) throw error
    means.log(`VPS ${vps.name} is given up; if its volume comes back, \`insula recover\` finds its private area there`)
  })
  forgetLastWords(means, id)
  await means.inventory.remove(id)
}
