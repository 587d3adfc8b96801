/** A VPS ceases to be. Its name, addresses and ids are free only when its files are out of reach. */

import type { Means } from '../means.ts'
import { requireLegal } from './legality.ts'
import { forgetLastWords } from './last-words.ts'
import { takeDown } from './parts.ts'
import { stopVps } from './stop.ts'

export async function destroyVps(means: Means, id: number, force: boolean): Promise<void> {
  const { inventory } = means
  const vps = inventory.get(id)
  if (force && (vps?.state === 'running' || vps?.state === 'suspended')) await stopVps(means, id, { force: true })
  requireLegal('destroy', inventory.get(id), id)
  await means.mounted.requireNone(id, `cannot destroy VPS "${vps?.name}"`)
  await inventory.move(id, 'destroying')
  await finishDestroy(means, id)
}

/** From `destroying` to gone; also what a restarted daemon does with a destroy that was cut off. */
export async function finishDestroy(means: Means, id: number): Promise<void> {
  const vps = means.inventory.get(id)
  if (!vps) return
  await takeDown(means, vps)
  await means.vzfs.areas.remove(id)
  forgetLastWords(means, id)
  await means.inventory.remove(id)
}
