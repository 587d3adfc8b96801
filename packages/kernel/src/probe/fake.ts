/** HostProbe of a pretended machine. */

import { type HostFeatures, type HostProbe, SysctlRefused } from './probe.ts'

const GOOD: HostFeatures = {
  kernelRelease: '6.12.0-fake',
  kernelVersion: [6, 12],
  cgroupMode: 'unified',
  controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
  swapAccounting: true,
  cpus: [0, 1],
  memoryBytes: 8 * 1024 ** 3,
  swapBytes: 0,
  tools: { crun: '1.21', lxcfs: '6.0.4', nft: '1.1.3', mmdebstrap: '1.5.7', 'mkfs.xfs': '6.13.0' },
}

/**
 * @param different what differs from a machine that has everything
 * @param sysctls name to value; others do not exist
 * @param startOf of its processes, when they began
 */
export function fakeHostProbe(
  different: Partial<HostFeatures> = {},
  sysctls: Readonly<Record<string, string>> = {},
  startOf: (pid: number) => number | null = () => null,
): HostProbe {
  const values = new Map(Object.entries(sysctls))
  return {
    features: async () => ({ ...GOOD, ...different }),
    startOf: async (pid) => startOf(pid),
    activityOf: async (pid) => (startOf(pid) === null ? null : { asleep: true, worked: 1 }),
    hears: async (pid) => (startOf(pid) === null ? null : true),
    sysctl: async (name) => values.get(name) ?? null,
    async setSysctl(name, value) {
      if (!values.has(name)) throw new SysctlRefused(`cannot set sysctl ${name} to ${value}: this kernel has none of that name`)
      values.set(name, value)
    },
  }
}
