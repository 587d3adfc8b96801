/** How long the VPSs of a volume may exceed their soft disk limits. */

import type { VolumeChange } from '@insula/contract'
import { QuotaMissing } from '@insula/kernel'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'

/** @throws ApiFailure not_found, unavailable for a missing volume; unsupported */
export function setVolumeGrace({ vzfs }: Means, volume: string, { grace }: VolumeChange): void {
  const given = Object.fromEntries(Object.entries(grace).filter(([, seconds]) => seconds !== undefined))
  try {
    vzfs.on(volume).grace.set(given)
  } catch (error) {
    if (!(error instanceof QuotaMissing)) throw error
    throw failure(
      'unsupported',
      `cannot set the grace times of the volume "${volume}": ${error.message}`,
      'use a volume that enforces disk limits: XFS mounted with pquota, on a kernel with CONFIG_XFS_QUOTA',
      error,
    )
  }
}
