/** Space for what has to be written for a full area, though its owner may write nothing any more: the work directory of a mount. */

import type { GraceEnds, Quota, QuotaLimits } from '@insula/kernel'
import { projectOf } from './account.ts'

const BYTES = 1024 ** 2
const INODES = 64
/** Longer than any mount takes. */
const GRACE_SECONDS = 600

export interface Room {
  readonly bytes: number
  readonly inodes: number
}

/** The area has a little more while `body` runs, and what it had before afterwards. */
export async function withRoom<T>(
  quota: Quota,
  base: number,
  body: () => Promise<T>,
  room: Room = { bytes: BYTES, inodes: INODES },
): Promise<T> {
  if (!quota.kinds.has('project')) return body()
  const project = projectOf(base)
  const { limits, bytes, inodes, bytesGraceEnds, inodesGraceEnds } = quota.account('project', project)
  const more = (hard: number | null, used: number, room: number): number | null =>
    hard === null ? null : Math.max(hard, used) + room
  const roomy: QuotaLimits = {
    ...limits,
    bytesHard: more(limits.bytesHard, bytes, room.bytes),
    inodesHard: more(limits.inodesHard, inodes, room.inodes),
  }
  const now = Math.floor(Date.now() / 1000)
  /** Of those soft limits whose time is over, which are as hard ones. */
  const ends = (end: (now: number) => number): Partial<GraceEnds> => ({
    ...(bytesGraceEnds !== null && bytesGraceEnds <= now ? { bytes: end(bytesGraceEnds) } : {}),
    ...(inodesGraceEnds !== null && inodesGraceEnds <= now ? { inodes: end(inodesGraceEnds) } : {}),
  })
  const move = (moved: Partial<GraceEnds>): void => {
    if (Object.keys(moved).length > 0) quota.setGraceEnds('project', project, moved)
  }
  const before = ends((end) => end)
  quota.setLimits('project', project, roomy)
  move(ends(() => now + GRACE_SECONDS))
  try {
    return await body()
  } finally {
    quota.setLimits('project', project, limits)
    move(before)
  }
}
