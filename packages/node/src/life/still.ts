/**
 * A VPS that runs is frozen while its files are copied, so that the copy is of one moment. Nobody sees another state meanwhile: it takes no longer than
 * a pause of the scheduler. That it is so is written down before, for whoever comes after a daemon that was killed just then.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Means } from '../means.ts'
import { cgroupOf } from './parts.ts'

export async function heldStill<T>(means: Means, id: number, body: () => Promise<T>): Promise<T> {
  await means.inventory.change(id, { held: true })
  try {
    await means.cgroups.freeze(cgroupOf(means, id))
    return await body()
  } finally {
    await letGo(means, id)
  }
}

const ATTEMPTS = 5
const AGAIN_MS = 100

/** Idempotent. */
export async function letGo(means: Means, id: number): Promise<void> {
  const path = cgroupOf(means, id)
  for (let attempt = 1; ; attempt++) {
    try {
      if (await means.cgroups.exists(path)) await means.cgroups.thaw(path)
      break
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
      await sleep(AGAIN_MS)
    }
  }
  if (means.inventory.get(id)?.held === true) await means.inventory.change(id, { held: false })
}
