/** Cgroups in memory: groups, their processes and limits, with the refusals of the real ones. Time passes only where the caller makes it. */

import { type CgroupLimits, CgroupMissing, type CgroupMode, type Cgroups, type CgroupUsage, LimitBelowUse } from './cgroup.ts'

export interface FakeCgroups extends Cgroups {
  /** What is there now, for tests to look at. */
  readonly groups: ReadonlyMap<string, FakeGroup>
  /** The group that `enter` is in at this moment: who starts a process then must `add` it there. */
  readonly entered: string | null
  /** A process is born in the group. @throws CgroupMissing; Error EAGAIN when its limit of pids is reached, as fork(2) */
  add(path: string, pid: number): void
  /** A process ended by itself. */
  end(pid: number): void
  /** What the group uses from now on; `pids` follows from its processes. */
  use(path: string, usage: Partial<Omit<CgroupUsage, 'pids'>>): void
}

export interface FakeGroup {
  readonly owner: number
  readonly limits: CgroupLimits | null
  readonly pids: ReadonlySet<number>
  readonly frozen: boolean
  /** Some process was refused to it. */
  readonly refused: boolean
  readonly usage: Omit<CgroupUsage, 'pids'>
}

/** The group that an argv of a fake's `door` leads into, and what it starts there; null for any other. */
export function wayInto(argv: readonly string[]): { readonly path: string; readonly argv: readonly string[] } | null {
  const [door, path, ...rest] = argv
  return door === DOOR && path !== undefined ? { path, argv: rest } : null
}

const DOOR = 'join-fake-cgroup'

export interface FakeCgroupOptions {
  readonly mode?: CgroupMode
  /** CPUs of the pretended host; 2 when absent. */
  readonly cpus?: number
  /** Told of each process that killAll ends. */
  readonly onKill?: (pid: number) => void
  /** Told when a group has been thawed. */
  readonly onThaw?: (path: string) => void
}

const NOTHING_USED = { memory: 0, memoryReclaimable: 0, memoryPeak: 0, swap: 0, cpuMicroseconds: 0, oomKills: 0 }

export function fakeCgroups(options: FakeCgroupOptions = {}): FakeCgroups {
  const groups = new Map<string, FakeGroup>()
  let entered: string | null = null
  const group = (path: string): FakeGroup => {
    const found = groups.get(path)
    if (!found) throw new CgroupMissing(path)
    return found
  }
  const change = (path: string, changes: Partial<FakeGroup>): void => void groups.set(path, { ...group(path), ...changes })
  const below = (path: string): string[] => [...groups.keys()].filter((name) => name === path || name.startsWith(`${path}/`))
  const pidsOf = (path: string): number[] => below(path).flatMap((name) => Array.from(group(name).pids))
  const end = (pid: number): void => {
    for (const [path, { pids }] of groups)
      if (pids.has(pid)) change(path, { pids: new Set([...pids].filter((other) => other !== pid)) })
  }

  return {
    mode: options.mode ?? 'hybrid',
    v2Tree: options.mode === 'legacy' ? null : '/sys/fs/cgroup',
    groups,
    get entered() {
      return entered
    },
    add(path, pid) {
      const { pids, limits } = group(path)
      if (limits?.pids != null && pidsOf(path).length >= limits.pids) {
        change(path, { refused: true })
        throw new Error(`fork in cgroup ${path}: EAGAIN`)
      }
      change(path, { pids: new Set([...pids, pid]) })
    },
    end,
    use: (path, usage) => change(path, { usage: { ...group(path).usage, ...usage } }),

    async create(path, owner) {
      const parts = path.split('/')
      for (const [index] of parts.entries()) {
        const name = parts.slice(0, index + 1).join('/')
        if (!groups.has(name))
          groups.set(name, { owner: 0, limits: null, pids: new Set(), frozen: false, refused: false, usage: NOTHING_USED })
      }
      change(path, { owner })
    },
    async remove(path) {
      const left = pidsOf(path).length
      if (left > 0) throw new Error(`cannot remove cgroup ${path}: ${left} processes are still in it`)
      for (const name of below(path)) groups.delete(name)
    },
    exists: async (path) => groups.has(path),
    async children(path) {
      const names = below(path).filter((name) => name !== path)
      return [...new Set(names.map((name) => name.slice(path.length + 1).split('/')[0] ?? ''))].toSorted()
    },
    async setLimits(path, limits) {
      const { usage } = group(path)
      refuse(path, limits, usage, pidsOf(path).length, options.cpus ?? 2)
      change(path, { limits })
    },
    async usage(path) {
      return { ...group(path).usage, pids: pidsOf(path).length }
    },
    async limitsMet(path) {
      const { usage, refused } = groups.get(path) ?? { usage: NOTHING_USED, refused: false }
      return new Set([...(usage.oomKills > 0 ? (['memory'] as const) : []), ...(refused ? (['pids'] as const) : [])])
    },
    freeze: async (path) => change(path, { frozen: true }),
    async thaw(path) {
      change(path, { frozen: false })
      options.onThaw?.(path)
    },
    frozen: async (path) => group(path).frozen,
    processes: async (path) => pidsOf(path),
    async killAll(path) {
      for (const pid of pidsOf(path)) {
        end(pid)
        options.onKill?.(pid)
      }
    },
    enter(path, body) {
      group(path)
      const outer = entered
      entered = path
      try {
        return body()
      } finally {
        entered = outer
      }
    },
    door(path) {
      group(path)
      // Who pretends to start it asks `wayInto`.
      return { descriptors: [], through: (argv) => [DOOR, path, ...argv], [Symbol.dispose]: () => undefined }
    },
  }
}

function refuse(path: string, limits: CgroupLimits, usage: FakeGroup['usage'], pids: number, cpus: number): void {
  if (limits.pids !== null && pids > limits.pids) throw new LimitBelowUse('pids', limits.pids, pids)
  if (limits.cpuSet?.some((cpu) => cpu >= cpus) || limits.cpuSet?.length === 0) {
    throw new Error(`cannot set cpuset.cpus of cgroup ${path} to ${limits.cpuSet.join(',')}: EINVAL`)
  }
  const needed = usage.memory - usage.memoryReclaimable
  if (limits.memory !== null && needed > limits.memory) throw new LimitBelowUse('memory', limits.memory, needed)
}
