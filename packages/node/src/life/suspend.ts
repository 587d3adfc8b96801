/** Freezes a VPS where it is, and lets it run on. */

import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'
import { requireLegal } from './legality.ts'
import { cgroupOf } from './parts.ts'

export async function suspendVps(means: Means, id: number): Promise<VpsRecord> {
  requireLegal('suspend', means.inventory.get(id), id)
  await means.inventory.move(id, 'suspending')
  try {
    await means.cgroups.freeze(cgroupOf(means, id))
  } catch (error) {
    await means.cgroups.thaw(cgroupOf(means, id)).catch(() => undefined)
    await means.inventory.move(id, 'running')
    throw error
  }
  return means.inventory.move(id, 'suspended')
}

export async function resumeVps(means: Means, id: number): Promise<VpsRecord> {
  requireLegal('resume', means.inventory.get(id), id)
  await means.inventory.move(id, 'resuming')
  try {
    await means.cgroups.thaw(cgroupOf(means, id))
  } catch (error) {
    await means.inventory.move(id, 'suspended')
    throw error
  }
  return means.inventory.move(id, 'running')
}
