/** What a group uses: a handful of small reads, for hundreds of groups every few seconds. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CgroupMissing, type CgroupUsage } from './cgroup.ts'
import { directoryOf, type Hierarchies, rootsOf } from './hierarchies.ts'
import { field, number } from './values.ts'

export function usageOf(hierarchies: Hierarchies, path: string): CgroupUsage {
  const usage = hierarchies.mode === 'unified' ? usageV2(join(hierarchies.v2 ?? '', path)) : usageV1(hierarchies, path)
  // Asked last: what went while it was being read would look like one that uses nothing.
  if (!existsSync(join(rootsOf(hierarchies)[0] ?? '', path))) throw new CgroupMissing(path)
  return usage
}

function usageV1(hierarchies: Hierarchies, path: string): CgroupUsage {
  const file = (controller: string, name: string): string => join(directoryOf(hierarchies, controller, path) ?? '/dev/null', name)
  const memory = number(file('memory', 'memory.usage_in_bytes')) ?? 0
  const sum = number(file('memory', 'memory.memsw.usage_in_bytes')) ?? 0
  return {
    memory,
    memoryReclaimable: field(file('memory', 'memory.stat'), 'total_inactive_file') ?? 0,
    memoryPeak: number(file('memory', 'memory.max_usage_in_bytes')),
    // Two reads at two moments: the difference may come out below nothing.
    swap: Math.max(0, sum - memory),
    pids: number(file('pids', 'pids.current')) ?? 0,
    cpuMicroseconds: Math.round((number(file('cpuacct', 'cpuacct.usage')) ?? 0) / 1000),
    oomKills: field(file('memory', 'memory.oom_control'), 'oom_kill') ?? 0,
  }
}

function usageV2(directory: string): CgroupUsage {
  return {
    memory: number(join(directory, 'memory.current')) ?? 0,
    memoryReclaimable: field(join(directory, 'memory.stat'), 'inactive_file') ?? 0,
    memoryPeak: number(join(directory, 'memory.peak')),
    swap: number(join(directory, 'memory.swap.current')) ?? 0,
    pids: number(join(directory, 'pids.current')) ?? 0,
    cpuMicroseconds: field(join(directory, 'cpu.stat'), 'usage_usec') ?? 0,
    oomKills: field(join(directory, 'memory.events'), 'oom_kill') ?? 0,
  }
}
