/** Quota in memory. Who writes says so with `use`; limits refuse as the kernel's do. Time passes only where the caller makes it. */

import {
  type FileProject,
  NO_QUOTA_LIMITS,
  type Quota,
  type QuotaAccount,
  type QuotaGrace,
  type QuotaKind,
  QUOTA_KINDS,
  QuotaMissing,
} from './quota.ts'

export interface FakeQuota extends Quota {
  /** More or less lies under this id. @throws Error EDQUOT when a limit forbids it */
  use(kind: QuotaKind, id: number, bytes: number, inodes: number): void
  /** Projects of open descriptors. */
  readonly projects: ReadonlyMap<number, FileProject>
  /** `fd` was just made in the directory that `directory` has open. */
  made(directory: number, fd: number): void
}

export interface FakeQuotaOptions {
  /** All of them when absent. */
  readonly kinds?: readonly QuotaKind[]
  /** Seconds since the epoch. */
  readonly now?: () => number
}

const WEEK = 7 * 24 * 3600

export function fakeQuota({ kinds = QUOTA_KINDS, now = () => Date.now() / 1000 }: FakeQuotaOptions = {}): FakeQuota {
  const accounts = new Map<string, QuotaAccount>()
  const graces = new Map<QuotaKind, QuotaGrace>()
  const projects = new Map<number, FileProject>()
  const require = (kind: QuotaKind): void => {
    if (!kinds.includes(kind)) throw new QuotaMissing(kind, 'the fake volume')
  }
  const account = (kind: QuotaKind, id: number): QuotaAccount => {
    require(kind)
    const nothing = { id, limits: NO_QUOTA_LIMITS, bytes: 0, inodes: 0, bytesGraceEnds: null, inodesGraceEnds: null }
    return accounts.get(`${kind} ${id}`) ?? nothing
  }
  const grace = (kind: QuotaKind): QuotaGrace => {
    require(kind)
    return graces.get(kind) ?? { bytes: WEEK, inodes: WEEK }
  }
  /** With the ends of grace that follow from what is in use. */
  const keep = (kind: QuotaKind, one: QuotaAccount): void => {
    const end = (used: number, soft: number | null, ends: number | null, seconds: number): number | null =>
      soft !== null && used > soft ? (ends ?? Math.floor(now()) + seconds) : null
    accounts.set(`${kind} ${one.id}`, {
      ...one,
      bytesGraceEnds: end(one.bytes, one.limits.bytesSoft, one.bytesGraceEnds, grace(kind).bytes),
      inodesGraceEnds: end(one.inodes, one.limits.inodesSoft, one.inodesGraceEnds, grace(kind).inodes),
    })
  }
  const forbids = (more: number, used: number, hard: number | null, ends: number | null): boolean =>
    more > 0 && ((hard !== null && used + more > hard) || (ends !== null && ends < now()))

  return {
    kinds: new Set(kinds),
    projects,
    account,
    next(kind, from) {
      require(kind)
      const ids = [...accounts.entries()]
        .filter(([key, { bytes, inodes, limits }]) => {
          return key.startsWith(`${kind} `) && (bytes > 0 || inodes > 0 || Object.values(limits).some((one) => one !== null))
        })
        .map(([, { id }]) => id)
        .filter((id) => id >= from)
      return ids.length === 0 ? null : account(kind, Math.min(...ids))
    },
    setLimits: (kind, id, limits) => keep(kind, { ...account(kind, id), limits }),
    setGraceEnds(kind, id, { bytes, inodes }) {
      const one = account(kind, id)
      const over = (ends: number | null, wanted: number | undefined): number | null => (ends === null ? null : (wanted ?? ends))
      keep(kind, {
        ...one,
        bytesGraceEnds: over(one.bytesGraceEnds, bytes),
        inodesGraceEnds: over(one.inodesGraceEnds, inodes),
      })
    },
    grace,
    setGrace(kind, wanted) {
      require(kind)
      graces.set(kind, wanted)
    },
    use(kind, id, bytes, inodes) {
      const one = account(kind, id)
      const { bytesHard, inodesHard } = one.limits
      if (
        forbids(bytes, one.bytes, bytesHard, one.bytesGraceEnds) ||
        forbids(inodes, one.inodes, inodesHard, one.inodesGraceEnds)
      )
        throw new Error(`EDQUOT: ${kind} ${id} is at its limit`)
      keep(kind, { ...one, bytes: one.bytes + bytes, inodes: one.inodes + inodes })
    },
    made: (directory, fd) => void projects.set(fd, { id: projects.get(directory)?.id ?? 0, passedOn: false }),
    project: (fd) => projects.get(fd) ?? { id: 0, passedOn: false },
    setProject(fd, id) {
      projects.set(fd, { id, passedOn: true })
      return true
    },
  }
}
