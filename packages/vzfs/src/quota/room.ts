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

export interface Rooms {
  /** The area has a little more while `body` runs, and what it may have afterwards. */
  within<T>(base: number, body: () => Promise<T>, room?: Room): Promise<T>
  /** What it may have; when it has more for a while, then from the end of that on. */
  limit(base: number, limits: QuotaLimits): void
  /** What `limit` set last; null where nothing is enforced. */
  limits(base: number): QuotaLimits | null
}

interface Held {
  /** How many bodies run. */
  count: number
  wanted: QuotaLimits
  /** Of soft limits whose time is over. */
  ends: Partial<GraceEnds>
}

export function openRooms(quota: Quota): Rooms {
  const held = new Map<number, Held>()
  const enforced = quota.kinds.has('project')

  const widen = (project: number, { bytes, inodes }: Room): Partial<GraceEnds> => {
    const now = Math.floor(Date.now() / 1000)
    const account = quota.account('project', project)
    const more = (hard: number | null, used: number, room: number): number | null =>
      hard === null ? null : Math.max(hard, used) + room
    quota.setLimits('project', project, {
      ...account.limits,
      bytesHard: more(account.limits.bytesHard, account.bytes, bytes),
      inodesHard: more(account.limits.inodesHard, account.inodes, inodes),
    })
    const over = (end: number | null): end is number => end !== null && end <= now
    const ends = {
      ...(over(account.bytesGraceEnds) ? { bytes: account.bytesGraceEnds } : {}),
      ...(over(account.inodesGraceEnds) ? { inodes: account.inodesGraceEnds } : {}),
    }
    // They are as hard ones until they are moved.
    const later = Object.fromEntries(Object.keys(ends).map((which) => [which, now + GRACE_SECONDS]))
    if (Object.keys(ends).length > 0) quota.setGraceEnds('project', project, later)
    return ends
  }
  const giveBack = (project: number, { wanted, ends }: Held): void => {
    quota.setLimits('project', project, wanted)
    if (Object.keys(ends).length > 0) quota.setGraceEnds('project', project, ends)
  }

  return {
    async within(base, body, room = { bytes: BYTES, inodes: INODES }) {
      if (!enforced) return body()
      const project = projectOf(base)
      const before = held.get(project)
      const now = before ?? { count: 0, wanted: quota.account('project', project).limits, ends: {} }
      held.set(project, now)
      now.count += 1
      try {
        const ends = widen(project, room)
        if (!before) now.ends = ends
        return await body()
      } finally {
        now.count -= 1
        if (now.count === 0) {
          held.delete(project)
          giveBack(project, now)
        }
      }
    },

    limit(base, limits) {
      if (!enforced) return
      const now = held.get(projectOf(base))
      if (now === undefined) return quota.setLimits('project', projectOf(base), limits)
      // Ends of grace belong to the limits of before.
      Object.assign(now, { wanted: limits, ends: {} })
    },

    limits(base) {
      if (!enforced) return null
      return held.get(projectOf(base))?.wanted ?? quota.account('project', projectOf(base)).limits
    },
  }
}
