/** HostProbe on the running kernel. */

import { existsSync, readFileSync } from 'node:fs'
import { release, totalmem } from 'node:os'
import { join } from 'node:path'
import { hierarchiesIn } from '../cgroup/hierarchies.ts'
import { parseCpuList } from '../cgroup/knobs.ts'
import type { ProcessRunner } from '../process/runner.ts'
import type { Activity, HostFeatures, HostProbe } from './probe.ts'
import { readSysctl, writeSysctl } from './sysctl.ts'

/** How each tool tells its version; the first number of the answer is taken. */
const TOOLS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  crun: ['crun', '--version'],
  lxcfs: ['lxcfs', '--version'],
  nft: ['nft', '--version'],
  mmdebstrap: ['mmdebstrap', '--version'],
  'mkfs.xfs': ['mkfs.xfs', '-V'],
}

export function realHostProbe(runner: ProcessRunner): HostProbe {
  return {
    async features() {
      const hierarchies = hierarchiesIn(readFileSync('/proc/self/mountinfo', 'utf8'))
      const controllers =
        hierarchies.mode === 'unified' && hierarchies.v2 !== null
          ? readFileSync(join(hierarchies.v2, 'cgroup.controllers'), 'utf8').trim().split(' ')
          : [...hierarchies.v1.keys()].filter((name) => !name.startsWith('name='))
      const [major = 0, minor = 0] = release()
        .split('.')
        .map((part) => Number.parseInt(part, 10))
      const memory = hierarchies.v1.get('memory')
      return {
        kernelRelease: release(),
        kernelVersion: [major, minor],
        cgroupMode: hierarchies.mode,
        controllers,
        swapAccounting:
          memory === undefined ? hierarchies.mode === 'unified' : existsSync(join(memory, 'memory.memsw.limit_in_bytes')),
        cpus: parseCpuList(readFileSync('/sys/devices/system/cpu/online', 'utf8')),
        memoryBytes: totalmem(),
        swapBytes: swapIn(readFileSync('/proc/meminfo', 'utf8')),
        tools: await versions(runner),
      } satisfies HostFeatures
    },
    startOf: async (pid) => {
      try {
        return beginningOf(readFileSync(`/proc/${pid}/stat`, 'latin1'), readFileSync('/proc/uptime', 'latin1'), Date.now())
      } catch {
        return null
      }
    },
    activityOf: async (pid) => {
      try {
        return activityIn(readFileSync(`/proc/${pid}/stat`, 'latin1'), readFileSync(`/proc/${pid}/schedstat`, 'latin1'))
      } catch {
        return null
      }
    },
    hears: async (pid, signal) => {
      try {
        return hearsIn(readFileSync(`/proc/${pid}/status`, 'latin1'), signal)
      } catch {
        return null
      }
    },
    sysctl: async (name) => readSysctl(name),
    setSysctl: async (name, value) => writeSysctl(name, value),
  }
}

/** proc_meminfo(5) */
export const swapIn = (meminfo: string): number => Number(/^SwapTotal:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? 0) * 1024

/** USER_HZ, sysconf(_SC_CLK_TCK): the same on every architecture that Debian has. */
const TICKS = 100

/** proc_pid_stat(5), field 22, counts from the boot, as proc_uptime(5) does. The name in field 2 may hold anything. */
export function beginningOf(stat: string, uptime: string, now: number): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Math.round(now - Number.parseFloat(uptime) * 1_000 + (Number(fields[19]) * 1_000) / TICKS)
}

/** Field 3 of the one, and the first of the other, nanoseconds. */
export function activityIn(stat: string, schedstat: string): Activity | null {
  const state = stat.charAt(stat.lastIndexOf(')') + 2)
  if (state === 'Z' || state === 'X') return null
  return { asleep: state === 'S', worked: Number.parseInt(schedstat, 10) / 1e6 }
}

/** SigBlk is the first thread's, SigCgt the process's: bit 0 is signal 1. */
export function hearsIn(status: string, signal: number): boolean | null {
  if (/^State:\t[ZX]/m.test(status)) return null
  const bit = 1n << BigInt(signal - 1)
  return ['SigBlk', 'SigCgt'].some((field) => {
    const mask = new RegExp(`^${field}:\\t([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'
    return (BigInt(`0x${mask}`) & bit) !== 0n
  })
}

async function versions(runner: ProcessRunner): Promise<Record<string, string>> {
  const found = await Promise.all(
    Object.entries(TOOLS).map(async ([name, argv]): Promise<[string, string | null]> => {
      try {
        const { stdout, stderr } = await runner.run(argv)
        return [name, /\d+(?:\.\d+)+/.exec(`${stdout} ${stderr}`)?.[0] ?? 'unknown']
      } catch {
        return [name, null]
      }
    }),
  )
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== null))
}
