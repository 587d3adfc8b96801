/** What this machine's kernel and tools can do, found once by trying, shown by the API and by doctor. */

import type { CgroupMode } from '../cgroup/cgroup.ts'

export interface HostFeatures {
  /** uname -r, and its first two numbers. */
  readonly kernelRelease: string
  readonly kernelVersion: readonly [number, number]
  readonly cgroupMode: CgroupMode
  /** Controllers that can be used: cpu, cpuset, memory, pids, io... */
  readonly controllers: readonly string[]
  readonly swapAccounting: boolean
  readonly cpus: readonly number[]
  readonly memoryBytes: number
  readonly swapBytes: number
  /** Tool name to version; missing tools are absent. */
  readonly tools: Readonly<Record<string, string>>
}

export interface SysctlNeed {
  readonly name: string
  /** At least this. */
  readonly atLeast: number
  readonly why: string
}

export interface HostProbe {
  features(): Promise<HostFeatures>
  /** When the process began, milliseconds since the epoch, as the kernel counts it; null when there is none. */
  startOf(pid: number): Promise<number | null>
  /** What its first thread does; null when there is none, or it has ended and nobody has been told yet. proc_pid_stat(5), proc_pid_schedstat(5) */
  activityOf(pid: number): Promise<Activity | null>
  /** Whether a signal would do something in it besides what the kernel does by default, or wait in it until it is fetched: it catches or blocks it. Of what a process waits
   * for in sigtimedwait(2) the kernel says that it does neither. null when there is no such process, or it has ended. @param signal its number. proc_pid_status(5) */
  hears(pid: number, signal: number): Promise<boolean | null>
  /** Reads a sysctl, "net.ipv4.ip_forward"; null if this kernel has none of that name. As in sysctl(8), names with a slash may hold dots:
   * "net/ipv4/conf/eth0.100/rp_filter". */
  sysctl(name: string): Promise<string | null>
  /** @throws SysctlRefused */
  setSysctl(name: string, value: string): Promise<void>
}

export interface Activity {
  /** It waits for something to happen: not for a processor, nor for the disk. */
  readonly asleep: boolean
  /** How long it has had a processor since it began, milliseconds. */
  readonly worked: number
}

export class SysctlRefused extends Error {
  override readonly name = 'SysctlRefused'
}
