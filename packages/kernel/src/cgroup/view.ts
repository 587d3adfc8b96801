/** What a tenant's software should take for the machine: limits and use of a group. Synchronous and few reads: asked for at any moment. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { directoryOf, type Hierarchies, hierarchiesIn } from './hierarchies.ts'
import { processesDirectory } from './tenants.ts'
import { childrenOf, number, numbers, text } from './values.ts'

export interface CgroupView {
  /** Bytes; null: no limit, or nobody counts. */
  readonly memoryLimit: number | null
  readonly memory: number | null
  /** Of `memory`, what lies in shared memory and tmpfs. */
  readonly shared: number
  /** Of swap alone. */
  readonly swapLimit: number | null
  readonly swap: number
  readonly tasks: number
}

export interface CgroupViews {
  of(path: string): CgroupView
  /** CPU time that the group has used, in microseconds; 0 where nobody counts. */
  cpuMicroseconds(path: string): number
  /** Its processes, those of groups below it too; of so many groups only that a tenant who makes thousands takes nobody's time. */
  processes(path: string): Iterable<number>
}

export function realCgroupViews(): CgroupViews {
  const hierarchies = hierarchiesIn(readFileSync('/proc/self/mountinfo', 'utf8'))
  const unified = hierarchies.mode === 'unified'
  return {
    of: (path) => (unified ? viewV2(hierarchies, path) : viewV1(hierarchies, path)),
    cpuMicroseconds: (path) =>
      unified
        ? statistic(join(hierarchies.v2 ?? '', path, 'cpu.stat'), 'usage_usec')
        : Math.round((number(join(directoryOf(hierarchies, 'cpuacct', path) ?? '/dev/null', 'cpuacct.usage')) ?? 0) / 1000),
    processes: (path) => processesBelow(processesDirectory(hierarchies, path)),
  }
}

const MOST_GROUPS = 500

/** Exported for its test. */
export function* processesBelow(directory: string): Generator<number, void> {
  const groups = [directory]
  // What is added while it is walked through is walked through too: parents first.
  for (const group of groups) {
    yield* numbers(join(group, 'cgroup.procs'))
    for (const name of childrenOf(group) ?? []) if (groups.length < MOST_GROUPS) groups.push(join(group, name))
  }
}

/** What v1 says when there is no limit: the largest number of whole pages. */
const UNLIMITED_V1 = 2 ** 62

function viewV1(hierarchies: Hierarchies, path: string): CgroupView {
  const file = (controller: string, name: string): string => join(directoryOf(hierarchies, controller, path) ?? '/dev/null', name)
  const limit = (name: string): number | null => {
    const value = number(file('memory', name))
    return value === null || value > UNLIMITED_V1 ? null : value
  }
  const memory = number(file('memory', 'memory.usage_in_bytes'))
  const memoryLimit = limit('memory.limit_in_bytes')
  const both = limit('memory.memsw.limit_in_bytes')
  return {
    memoryLimit,
    memory,
    shared: statistic(file('memory', 'memory.stat'), 'total_shmem'),
    swapLimit: both === null || memoryLimit === null ? null : Math.max(0, both - memoryLimit),
    swap: Math.max(0, (number(file('memory', 'memory.memsw.usage_in_bytes')) ?? 0) - (memory ?? 0)),
    tasks: number(file('pids', 'pids.current')) ?? 0,
  }
}

function viewV2(hierarchies: Hierarchies, path: string): CgroupView {
  const file = (name: string): string => join(hierarchies.v2 ?? '', path, name)
  return {
    memoryLimit: number(file('memory.max')),
    memory: number(file('memory.current')),
    shared: statistic(file('memory.stat'), 'shmem'),
    swapLimit: number(file('memory.swap.max')),
    swap: number(file('memory.swap.current')) ?? 0,
    tasks: number(file('pids.current')) ?? 0,
  }
}

function statistic(file: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text(file) ?? '')?.[1] ?? 0)
}
