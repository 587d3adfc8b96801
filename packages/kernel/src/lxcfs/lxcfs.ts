/** lxcfs(1): a FUSE tree whose proc files show the reader's own cgroup limits. One per node. */

export interface LxcfsProcess {
  readonly pid: number
  /** Resolves when it has ended, for any reason. */
  readonly ended: Promise<void>
}

export interface Lxcfs {
  /** Files below the mount point that lxcfs serves: "proc/cpuinfo", "proc/meminfo", ..., "sys/devices/system/cpu". */
  readonly files: readonly string[]
  /** Starts lxcfs in the foreground on `mountPoint` (made if absent; a dead mount left by a killed one is unmounted first) and waits until a
   * file of it can be read. Load average and CPU views on. @throws when it does not come up within 10 s */
  start(mountPoint: string, pidFile: string): Promise<LxcfsProcess>
  /** True when files of it can be read now (a dead FUSE mount answers ENOTCONN). Waits as long as a hanging one makes it wait. */
  alive(mountPoint: string): boolean
  /** The same, for callers that must not hang with it: false when no answer comes in time. */
  responds(mountPoint: string, milliseconds: number): Promise<boolean>
  /** Ends a lxcfs by pid, if need be by force, and unmounts. Idempotent. */
  stop(mountPoint: string, pid: number | null): Promise<void>
}
