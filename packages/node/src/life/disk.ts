/** Disk limits of a VPS: the quota of its private area. */

import { formatSize } from '@insula/contract'
import type { QuotaLimits } from '@insula/kernel'
import type { Limits } from '@insula/model'
import { failure } from '../failures.ts'
import type { Means } from '../means.ts'
import type { VpsRecord } from '../record.ts'

export const diskLimitsOf = ({ disk, diskSoft, inodes, inodesSoft }: Limits): QuotaLimits => ({
  bytesHard: disk,
  bytesSoft: diskSoft,
  inodesHard: inodes,
  inodesSoft,
})

/** @throws ApiFailure limit_below_use when less would be allowed than is in use, and less than before */
export async function requireRoom(means: Means, vps: VpsRecord, limits: Limits, doing: string): Promise<void> {
  const lowered = (field: 'disk' | 'inodes'): boolean =>
    limits[field] !== null && (vps.limits[field] === null || limits[field] < vps.limits[field])
  if (!lowered('disk') && !lowered('inodes')) return
  const { bytes, inodes } = await means.vzfs.areas.usage(vps.id)
  const remedy = 'give it more, have files removed inside, or say --force: nothing is lost then, and nothing more fits'
  if (lowered('disk') && bytes > (limits.disk ?? 0))
    throw failure(
      'limit_below_use',
      `${doing}: a disk limit of ${formatSize(limits.disk ?? 0)} is below the ${formatSize(bytes)} in use`,
      remedy,
    )
  if (lowered('inodes') && inodes > (limits.inodes ?? 0))
    throw failure('limit_below_use', `${doing}: a limit of ${limits.inodes} inodes is below the ${inodes} in use`, remedy)
}
