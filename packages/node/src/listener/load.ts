/**
 * Load averages of each VPS, as the kernel makes those of the machine: how many of its threads run, can run or wait for a disk, looked at every five
 * seconds and faded over 1, 5 and 15 minutes (kernel/sched/loadavg.c). A VPS that used next to no CPU since the last look is taken to have none
 * without a look at its threads: that keeps hundreds of idle ones cheap.
 */

import { readdirSync, readFileSync } from 'node:fs'
import type { CgroupViews } from '@insula/kernel'

export type Loads = readonly [number, number, number]

export interface LoadBook {
  of(id: string): Loads
  /** Every `LOOK_MS`; a step for each VPS. */
  look(): Generator<void, void>
  forget(id: string): void
}

export interface LoadNeed {
  readonly views: Pick<CgroupViews, 'cpuMicroseconds'>
  /** Cgroups by id of the VPSs that there are. */
  readonly groups: () => ReadonlyMap<string, string>
  /** Threads of a group that run, can run or wait for a disk. */
  readonly active: (cgroup: string) => number
  /** Milliseconds, never going back. */
  readonly now: () => number
}

export const LOOK_MS = 5_000
const MINUTES = [1, 5, 15] as const
const NONE: Loads = [0, 0, 0]
/** Of a look's time: below it nothing worth counting ran. */
const IDLE_SHARE = 0.002

interface Entry {
  loads: Loads
  cpu: number
  at: number
}

export function loadBook({ views, groups, active, now }: LoadNeed): LoadBook {
  const entries = new Map<string, Entry>()
  /** Since the look began, which goes on between its steps. */
  const gone = new Set<string>()
  return {
    of: (id) => entries.get(id)?.loads ?? NONE,
    *look() {
      gone.clear()
      for (const [id, cgroup] of groups()) {
        if (gone.has(id)) continue
        const [cpu, at] = [views.cpuMicroseconds(cgroup), now()]
        const before = entries.get(id)
        const passed = before ? at - before.at : LOOK_MS
        const idle = before !== undefined && cpu - before.cpu < passed * 1_000 * IDLE_SHARE
        const count = idle ? 0 : active(cgroup)
        entries.set(id, { loads: faded(before?.loads ?? NONE, count, passed), cpu, at })
        yield
      }
    },
    forget(id) {
      entries.delete(id)
      gone.add(id)
    },
  }
}

/** @param passed milliseconds since the last look */
export function faded(loads: Loads, count: number, passed: number): Loads {
  const next = MINUTES.map((minutes, index) => {
    const kept = Math.exp(-passed / (minutes * 60_000))
    return (loads[index] ?? 0) * kept + count * (1 - kept)
  })
  return [next[0] ?? 0, next[1] ?? 0, next[2] ?? 0]
}

/** A VPS with more threads is not counted to its end: this thread has others to answer. */
const MOST = 2_000

export function activeThreads(processes: Iterable<number>): number {
  let [active, seen] = [0, 0]
  for (const pid of processes) {
    for (const thread of threadsOf(pid)) {
      if ((seen += 1) > MOST) return active
      if (isActive(`/proc/${pid}/task/${thread}/stat`)) active += 1
    }
  }
  return active
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** proc_pid_stat(5), field 3. */
function isActive(file: string): boolean {
  try {
    const stat = readFileSync(file, 'latin1')
    return 'RD'.includes(stat[stat.lastIndexOf(')') + 2] ?? '-')
  } catch {
    return false
  }
}
