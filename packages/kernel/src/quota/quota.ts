/**
 * Disk quota of one mounted file system: how much a user, a group or a project has there, and may have. quotactl(2), xfs_quota(8).
 *
 * An id's account counts what lies under that id on the file system, whoever wrote it. Ids are those of the host. A *project* is a number
 * that files carry beside owner and group; what is made in a directory that passes its project on has the same.
 */

export const QUOTA_KINDS = ['user', 'group', 'project'] as const
export type QuotaKind = (typeof QUOTA_KINDS)[number]

/** null: no limit. The hard one holds at once; the soft one when more than it has been in use for the grace time. */
export interface QuotaLimits {
  readonly bytesSoft: number | null
  readonly bytesHard: number | null
  readonly inodesSoft: number | null
  readonly inodesHard: number | null
}

export const NO_QUOTA_LIMITS: QuotaLimits = { bytesSoft: null, bytesHard: null, inodesSoft: null, inodesHard: null }

/** A file system rounds limits of space up to its own blocks, which are of 64 KiB at most. */
export function sameQuotaLimits(one: QuotaLimits, other: QuotaLimits): boolean {
  const near = (a: number | null, b: number | null): boolean => (a === null || b === null ? a === b : Math.abs(a - b) < 65_536)
  return (
    near(one.bytesHard, other.bytesHard) &&
    near(one.bytesSoft, other.bytesSoft) &&
    one.inodesHard === other.inodesHard &&
    one.inodesSoft === other.inodesSoft
  )
}

export interface QuotaAccount {
  readonly id: number
  readonly limits: QuotaLimits
  readonly bytes: number
  readonly inodes: number
  /** When the soft limit becomes a hard one, seconds since the epoch; null when no more than it is in use. */
  readonly bytesGraceEnds: number | null
  readonly inodesGraceEnds: number | null
}

/** Seconds since the epoch. */
export interface GraceEnds {
  readonly bytes: number
  readonly inodes: number
}

/** Seconds. For all ids of a kind: the kernel has one for the file system. */
export interface QuotaGrace {
  readonly bytes: number
  readonly inodes: number
}

/** Every call but `kinds` and the two on projects throws QuotaMissing for a kind that is not enforced. */
export interface Quota {
  /** What the kernel enforces here; none when it, or the mount, has no quota. */
  readonly kinds: ReadonlySet<QuotaKind>
  /** All zeros for an id that has nothing and no limits. */
  account(kind: QuotaKind, id: number): QuotaAccount
  /** The account with the lowest id from `id` on that has anything or limits; null when there is none. */
  next(kind: QuotaKind, id: number): QuotaAccount | null
  /** All four at once. Below what is in use is no error: nothing is lost, and nothing more can be written. */
  setLimits(kind: QuotaKind, id: number, limits: QuotaLimits): void
  /** When what is over its soft limit now will be refused; what is absent stays, and nothing happens where nothing is over. May be rounded to a few seconds. */
  setGraceEnds(kind: QuotaKind, id: number, ends: Partial<GraceEnds>): void
  grace(kind: QuotaKind): QuotaGrace
  setGrace(kind: QuotaKind, grace: QuotaGrace): void
  /** Of the file or directory that `fd` has open; null where the file system knows none. */
  project(fd: number): FileProject | null
  /** A directory passes it on to what is made in it from then on. False where the file system knows none. */
  setProject(fd: number, id: number): boolean
}

export interface FileProject {
  readonly id: number
  readonly passedOn: boolean
}

/** The file system enforces no quota of this kind. */
export class QuotaMissing extends Error {
  override readonly name = 'QuotaMissing'
  readonly kind: QuotaKind
  constructor(kind: QuotaKind, path: string) {
    super(`${path} enforces no ${kind} quota: its kernel or its mount has none`)
    this.kind = kind
  }
}
