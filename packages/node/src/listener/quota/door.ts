/**
 * Quota of one VPS's users and groups, as whoever owns quota offers it to quotactl(2) from inside. Ids are the host's; whoever asks has been
 * allowed to. All of it is synchronous and quick: a thread that serves every VPS waits for it. A refusal is a SystemCallFailed, whose errno
 * the caller inside gets.
 */

export type QuotaKind = 'user' | 'group'

export interface QuotaLimits {
  /** 0: none. */
  readonly soft: bigint
  readonly hard: bigint
}

export interface QuotaEntry {
  /** Bytes. */
  readonly space: QuotaLimits & { readonly used: bigint }
  readonly inodes: QuotaLimits & { readonly used: bigint }
  /** Seconds since the epoch at which what is over its soft limit is refused; 0: nothing is over. */
  readonly spaceDeadline: bigint
  readonly inodesDeadline: bigint
}

/** What is absent stays. */
export interface QuotaChange {
  readonly space?: Partial<QuotaLimits>
  readonly inodes?: Partial<QuotaLimits>
  readonly spaceDeadline?: bigint
  readonly inodesDeadline?: bigint
}

/** Seconds. */
export interface QuotaGrace {
  readonly space: bigint
  readonly inodes: bigint
}

export type QuotaState = 'off' | 'counted' | 'enforced'

export interface QuotaDoor {
  /** What stands for the file system in /proc/mounts inside, "/dev/root". */
  readonly device: string
  /** An id that owns nothing and has no limits has zeros. Null: quota of this kind is off. */
  get(kind: QuotaKind, id: number): QuotaEntry | null
  set(kind: QuotaKind, id: number, change: QuotaChange): void
  /** The first from `id` on that owns something or has limits. */
  next(kind: QuotaKind, id: number): { readonly id: number; readonly entry: QuotaEntry } | null
  grace(kind: QuotaKind): QuotaGrace
  setGrace(kind: QuotaKind, change: Partial<QuotaGrace>): void
  state(kind: QuotaKind): QuotaState
  /** quotaon and quotaoff: whether limits are enforced. */
  enforce(kind: QuotaKind, on: boolean): void
  sync(): void
}
