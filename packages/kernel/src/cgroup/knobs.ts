/**
 * Limits as the files that carry them: what is written where, for v1 and v2. Pure arithmetic; `limits.ts` does the writing.
 * Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst, scheduler/sched-bwc.rst
 */

import type { CgroupLimits } from './cgroup.ts'

export interface Knob {
  /** v1: the controller whose hierarchy holds the file. v2: '' */
  readonly controller: string
  readonly file: string
  readonly value: string
  /** The value means "no limit", or the limit is one that is shown as not enforced: then the file may be absent. */
  readonly dispensable: boolean
}

const PERIOD = 100_000
/** 1,000 units are the kernel's default weight. */
const UNITS = 1_000

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, Math.round(value)))
/** v1: cpu.shares, 1024 by default. */
export const sharesOf = (units: number): number => clamp((units * 1024) / UNITS, 2, 262_144)
/** v2: cpu.weight, 100 by default. */
export const weightOf = (units: number): number => clamp((units * 100) / UNITS, 1, 10_000)
/** Microseconds of CPU time per period; at least 1 ms, which is the kernel's minimum. */
export const quotaOf = (percent: number): number => Math.max(1_000, Math.round((percent * PERIOD) / 100))

/** "0-3,7" from [0,1,2,3,7]: cpuset list format, cpuset(7). */
export function cpuList(cpus: readonly number[]): string {
  const sorted = [...new Set(cpus)].toSorted((a, b) => a - b)
  const ranges: [number, number][] = []
  for (const cpu of sorted) {
    const last = ranges.at(-1)
    if (last && last[1] === cpu - 1) last[1] = cpu
    else ranges.push([cpu, cpu])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',')
}

/** The reverse of cpuList. */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .filter((range) => range !== '')
    .flatMap((range) => {
      const [from = 0, to = from] = range.split('-').map(Number)
      return Array.from({ length: to - from + 1 }, (_, index) => from + index)
    })
}

/** Everything but memory and swap, whose order matters and which each version has its own functions for. */
export function plainKnobsV1(limits: CgroupLimits, allCpus: string): Knob[] {
  const quota = limits.cpuLimit === null ? '-1' : `${quotaOf(limits.cpuLimit)}`
  const cpus = limits.cpuSet === null ? allCpus : cpuList(limits.cpuSet)
  return [
    knob('cpu', 'cpu.shares', sharesOf(limits.cpuUnits), limits.cpuUnits === UNITS),
    knob('cpu', 'cpu.cfs_quota_us', quota, limits.cpuLimit === null),
    knob('cpuset', 'cpuset.cpus', cpus, limits.cpuSet === null),
    knob('pids', 'pids.max', limits.pids ?? 'max', limits.pids === null),
  ]
}

/** @param allCpus what "all" is written as, see limits.ts */
export function plainKnobsV2(limits: CgroupLimits, allCpus: string): Knob[] {
  const quota = limits.cpuLimit === null ? 'max' : quotaOf(limits.cpuLimit)
  const cpus = limits.cpuSet === null ? allCpus : cpuList(limits.cpuSet)
  return [
    knob('', 'cpu.weight', weightOf(limits.cpuUnits), limits.cpuUnits === UNITS),
    knob('', 'cpu.max', `${quota} ${PERIOD}`, limits.cpuLimit === null),
    knob('', 'cpuset.cpus', cpus, limits.cpuSet === null),
    knob('', 'pids.max', limits.pids ?? 'max', limits.pids === null),
  ]
}

/**
 * v1 counts memory and swap together and keeps memory <= sum at every moment, so raising starts with the sum and lowering with memory.
 * It cannot limit swap alone: without a limit of memory there is none of the sum.
 * @param raising the new memory limit is above the one now
 */
export function memoryKnobsV1(limits: CgroupLimits, raising: boolean): Knob[] {
  const sum = limits.memory === null || limits.swap === null ? -1 : limits.memory + limits.swap
  const memory = knob('memory', 'memory.limit_in_bytes', limits.memory ?? -1, limits.memory === null)
  const both = knob('memory', 'memory.memsw.limit_in_bytes', sum, true)
  return raising ? [both, memory] : [memory, both]
}

export function memoryKnobsV2(limits: CgroupLimits): Knob[] {
  return [
    knob('', 'memory.max', limits.memory ?? 'max', limits.memory === null),
    knob('', 'memory.swap.max', limits.swap ?? 'max', true),
  ]
}

const knob = (controller: string, file: string, value: string | number, dispensable: boolean): Knob => ({
  controller,
  file,
  value: `${value}`,
  dispensable,
})
