/**
 * Limits of an area's users and groups, lifted while files of the area move from one place in it to another: a directory that grows then is paid for by its
 * owner, and one who has nothing left must not keep the area from being finished. What they may have is in the area's settings, and holds again afterwards.
 */

import type { GraceEnds, Quota } from '@insula/kernel'
import { NO_QUOTA_LIMITS } from '@insula/kernel'
import type { IdQuota } from './id-quota.ts'
import { accountsOf, type IdKind, isLimited } from './ids.ts'

const KINDS = ['user', 'group'] as const

interface Lifted {
  readonly kind: IdKind
  readonly id: number
  readonly ends: Partial<GraceEnds>
}

/** The area is not mounted meanwhile. Nothing is lifted when nobody can tell what was wanted. */
export async function withoutIdLimits<T>(quota: Quota, base: number, ids: IdQuota, body: () => Promise<T>): Promise<T> {
  const lifted = isReadable(ids) ? lift(quota, base) : []
  try {
    return await body()
  } finally {
    if (lifted.length > 0) giveBack(quota, base, ids, lifted)
  }
}

function isReadable(ids: IdQuota): boolean {
  try {
    ids.accounted()
    return true
  } catch {
    return false
  }
}

function lift(quota: Quota, base: number): Lifted[] {
  const lifted = KINDS.filter((kind) => quota.kinds.has(kind)).flatMap((kind) =>
    Array.from(accountsOf(quota, kind, base))
      .filter(isLimited)
      .map(({ id, bytesGraceEnds, inodesGraceEnds }) => ({
        kind,
        id,
        ends: {
          ...(bytesGraceEnds === null ? {} : { bytes: bytesGraceEnds }),
          ...(inodesGraceEnds === null ? {} : { inodes: inodesGraceEnds }),
        },
      })),
  )
  for (const { kind, id } of lifted) quota.setLimits(kind, base + id, NO_QUOTA_LIMITS)
  return lifted
}

function giveBack(quota: Quota, base: number, ids: IdQuota, lifted: readonly Lifted[]): void {
  ids.repair(ids.accounted())
  // Who was over a soft limit is so since he was.
  for (const { kind, id, ends } of lifted) if (Object.keys(ends).length > 0) quota.setGraceEnds(kind, base + id, ends)
}
