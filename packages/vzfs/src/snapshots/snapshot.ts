/** Snapshots of private areas: what they are, and what can be done with them. */

/** rollback: what was there before one. */
export const SNAPSHOT_CAUSES = ['asked', 'schedule', 'rollback'] as const
export type SnapshotCause = (typeof SNAPSHOT_CAUSES)[number]

export interface SnapshotInfo {
  readonly name: string
  readonly cause: SnapshotCause
  readonly comment: string | null
  readonly createdAt: string
  /** When it may be removed; VZFS does not do it by itself. */
  readonly expiresAt: string | null
  /** Those that the area had. They stay as long as the snapshot does. */
  readonly layers: readonly string[]
  /** What it takes in the area's account: blocks on disk, also those that it shares with the area. */
  readonly bytes: number
  readonly inodes: number
}

/** How something is copied that takes time. */
export interface CopyOptions {
  /** Runs the copying, and nothing else: who must keep the area still does it here. */
  readonly still?: <T>(copy: () => Promise<T>) => Promise<T>
  /** How many objects are copied; nobody knows of how many. */
  readonly progress?: (done: number) => void
  readonly signal?: AbortSignal
}

export interface SnapshotWish {
  readonly name: string
  readonly cause: SnapshotCause
  readonly comment: string | null
  readonly expiresAt: string | null
  /** A copy of its owner's record (opaque to VZFS). */
  readonly record: unknown
}

/** The area must not be written to meanwhile: it is not mounted, or who writes is frozen (see `CopyOptions.still`). */
export interface Snapshots {
  /** Atomic: it appears by one rename. @throws VzfsError snapshot_exists, area_unknown, no_space, over_limit */
  create(id: number, wish: SnapshotWish, options?: CopyOptions): Promise<SnapshotInfo>
  /** By time. One that cannot be read is left out, with a warning. */
  list(id: number): Promise<SnapshotInfo[]>
  /** @throws VzfsError snapshot_unknown */
  show(id: number, name: string): Promise<SnapshotInfo>
  /** The record that came with it; null when there is none. */
  record(id: number, name: string): Promise<unknown>
  /** Deleted in the background. @throws VzfsError snapshot_unknown */
  remove(id: number, name: string): Promise<void>
  /**
   * The area becomes what it was, with its layers and the quota of its users then; what it is now becomes the snapshot `before`. Atomic: cut off
   * anywhere it has not happened, or is finished by whoever opens the volume. The area must not be mounted.
   * @throws VzfsError snapshot_unknown, snapshot_exists, layer_unknown, no_space, over_limit
   */
  rollback(id: number, name: string, before: SnapshotWish, options?: CopyOptions): Promise<SnapshotInfo>
}

export interface CloneSource {
  readonly id: number
  /** null: as it is now; it must not be mounted. */
  readonly snapshot: string | null
}
