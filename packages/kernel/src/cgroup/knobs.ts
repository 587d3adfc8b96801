/**
 * Limits as the files that carry them: what is written where, for v1 and v2. Pure arithmetic; `real.ts` does the writing.
 * Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst, scheduler/sched-bwc.rst
 */

import type { CgroupLimits } from './cgroup.ts'

export interface Knob {
  /** v1: the controller whose hierarchy holds the file. v2: '' */
  readonly controller: string
  readonly file: string
  readonly value: string
  /** The file may be absent (no swap accounting, controller not enabled): then only "no limit" can be kept. */
  readonly optional?: boolean
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
  return [
    { controller: 'cpu', file: 'cpu.shares', value: `${sharesOf(limits.cpuUnits)}` },
    { controller: 'cpu', file: 'cpu.cfs_quota_us', value: limits.cpuLimit === null ? '-1' : `${quotaOf(limits.cpuLimit)}` },
    { controller: 'cpuset', file: 'cpuset.cpus', value: limits.cpuSet === null ? allCpus : cpuList(limits.cpuSet) },
    { controller: 'pids', file: 'pids.max', value: limits.pids === null ? 'max' : `${limits.pids}` },
  ]
}

export function plainKnobsV2(limits: CgroupLimits): Knob[] {
  return [
    { controller: '', file: 'cpu.weight', value: `${weightOf(limits.cpuUnits)}` },
    { controller: '', file: 'cpu.max', value: `${limits.cpuLimit === null ? 'max' : quotaOf(limits.cpuLimit)} ${PERIOD}` },
    // An empty set means "as the parent"; the kernel takes a newline for it.
    { controller: '', file: 'cpuset.cpus', value: limits.cpuSet === null ? '\n' : cpuList(limits.cpuSet), optional: true },
    { controller: '', file: 'pids.max', value: limits.pids === null ? 'max' : `${limits.pids}` },
  ]
}

/**
 * v1 keeps memory <= memory+swap at every moment, so raising starts with the sum and lowering with memory.
 * @param raising the new memory limit is above the one now
 */
export function memoryKnobsV1(limits: CgroupLimits, raising: boolean): Knob[] {
  const memory: Knob = { controller: 'memory', file: 'memory.limit_in_bytes', value: `${limits.memory ?? -1}` }
  const sum = limits.memory === null || limits.swap === null ? -1 : limits.memory + limits.swap
  const both: Knob = { controller: 'memory', file: 'memory.memsw.limit_in_bytes', value: `${sum}`, optional: true }
  return raising ? [both, memory] : [memory, both]
}

export function memoryKnobsV2(limits: CgroupLimits): Knob[] {
  return [
    { controller: '', file: 'memory.max', value: limits.memory === null ? 'max' : `${limits.memory}` },
    { controller: '', file: 'memory.swap.max', value: limits.swap === null ? 'max' : `${limits.swap}`, optional: true },
  ]
}
