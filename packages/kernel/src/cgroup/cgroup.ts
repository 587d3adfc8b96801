/**
 * Control groups, one interface over three kinds of host: v2 ("unified"), v1, and hybrid (v1 controllers beside a
 * controller-less v2 tree). cgroups(7), Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/.
 *
 * A path here is relative to the root of every hierarchy: "insula/101". Below it lies one inner group "vps" that is
 * delegated (owned by the tenant's root in the v2 tree); limits stay on the outer one, which the host's root owns.
 */

export type CgroupMode = 'unified' | 'hybrid' | 'legacy'

/** null: no limit. A limit that this host cannot hold (no such controller) is refused, but for swap: see HostFeatures.swapAccounting. */
export interface CgroupLimits {
  /** Bytes of memory. */
  readonly memory: number | null
  /** Bytes of swap on top of memory. */
  readonly swap: number | null
  /** Weight against neighbours, 8..500000 as OpenVZ's cpuunits; 1000 is the default weight (v1 shares 1024, v2 weight 100). */
  readonly cpuUnits: number
  /** Per cent of one CPU: 150 is one and a half CPUs. */
  readonly cpuLimit: number | null
  /** CPU numbers that may be used. */
  readonly cpuSet: readonly number[] | null
  readonly pids: number | null
}

export interface CgroupUsage {
  /** Bytes now charged, page cache included, and of these what the kernel could drop (inactive file). */
  readonly memory: number
  readonly memoryReclaimable: number
  /** Highest ever, bytes; null where the kernel does not say. */
  readonly memoryPeak: number | null
  readonly swap: number
  readonly pids: number
  /** Microseconds of CPU time since the group was made. */
  readonly cpuMicroseconds: number
  readonly oomKills: number
}

export interface Cgroups {
  readonly mode: CgroupMode
  /** Where the v2 tree is mounted on this host; null on a legacy host without a tree of ours. */
  readonly v2Tree: string | null
  /** Makes the group (and its parents, with controllers enabled) in every hierarchy, with the delegated inner group "vps"
   * owned by `owner` (uid and gid). Idempotent. */
  create(path: string, owner: number): Promise<void>
  /** Removes the group and all groups below it, in every hierarchy. Idempotent. Waits (bounded, 5 s) while the kernel says EBUSY.
   * @throws when processes remain, naming how many */
  remove(path: string): Promise<void>
  exists(path: string): Promise<boolean>
  /** Direct children of `path`, by name, in any hierarchy. */
  children(path: string): Promise<string[]>
  /** Sets every limit or none; order chosen so that raising and lowering both work on a live group.
   * @throws LimitBelowUse when memory cannot be lowered under what is in use; CgroupMissing */
  setLimits(path: string, limits: CgroupLimits): Promise<void>
  /** @throws CgroupMissing */
  usage(path: string): Promise<CgroupUsage>
  /** Limits for which the kernel has killed a process of the group, or refused it one, since the group was made; none when there is no such group. */
  limitsMet(path: string): Promise<ReadonlySet<'memory' | 'pids'>>
  /** Resolves when every process stands still; runs on when that cannot be reached. Idempotent, as thaw is. @throws CgroupMissing */
  freeze(path: string): Promise<void>
  thaw(path: string): Promise<void>
  frozen(path: string): Promise<boolean>
  /** Host pids of every process in the group and below; none when there is no such group. */
  processes(path: string): Promise<number[]>
  /** SIGKILL to every process in the group and below, until none is left (bounded, 10 s). Frozen ones too. Idempotent. */
  killAll(path: string): Promise<void>
  /**
   * Runs `body` (synchronous) so that a process which it starts is born inside `path`: on v1 and hybrid hosts the calling
   * thread is in the group's v1 controllers for that moment; where the v2 tree is concerned the OCI runtime joins.
   * The thread is back where it was when this returns, also when body throws. @throws CgroupMissing before body runs
   *
   * For groups that nothing runs in. In others the caller would meet what the tenant did: the OOM killer picks it when memory is full, it waits
   * for the tenant's CPU time, and it freezes with the group. `door` has none of this.
   */
  enter<T>(path: string, body: () => T): T
  /** Opens the group for one process that is started next, wherever the starting thread has meanwhile gone. @throws CgroupMissing */
  door(path: string): CgroupDoor
}

/** The process joins by itself before it becomes what it shall be; who starts it stays out. Closed by the caller once it has started. */
export interface CgroupDoor extends Disposable {
  /** To be handed over as descriptors 3 and on; what `through` starts closes them. */
  readonly descriptors: readonly number[]
  /** On pure v2 hosts argv itself: the OCI runtime joins. The process ends with CANNOT_JOIN rather than run outside. */
  through(argv: readonly [string, ...string[]]): readonly [string, ...string[]]
}

/** Exit code of a process that could not join its group, or could not become what it shall be. */
export const CANNOT_JOIN = 125

/** There is no such group, or it went while it was being read. */
export class CgroupMissing extends Error {
  override readonly name = 'CgroupMissing'
  readonly path: string
  constructor(path: string) {
    super(`there is no cgroup ${path}`)
    this.path = path
  }
}

/** A limit that the kernel refuses because more is in use. */
export class LimitBelowUse extends Error {
  override readonly name = 'LimitBelowUse'
  readonly limit: 'memory' | 'swap' | 'pids'
  readonly wanted: number
  readonly used: number
  constructor(limit: 'memory' | 'swap' | 'pids', wanted: number, used: number) {
    super(`${limit} limit ${wanted} is below the ${used} in use`)
    this.limit = limit
    this.wanted = wanted
    this.used = used
  }
}
