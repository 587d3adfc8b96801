/**
 * Cgroups on the running kernel. On v1 and hybrid hosts the processes of PATH live in PATH of every v1 hierarchy; in the v2 tree they
 * live in PATH/vps, which is delegated (systemd's documentation CGROUP_DELEGATION). On pure v2 hosts a group lies directly below the root
 * of the tree, beside systemd's slices, as LXC's do: systemd leaves alone what it did not make.
 */

import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CgroupLimits, type Cgroups, type CgroupUsage, LimitBelowUse } from './cgroup.ts'
import { type Hierarchies, hierarchiesIn } from './hierarchies.ts'
import { type Knob, memoryKnobsV1, memoryKnobsV2, plainKnobsV1, plainKnobsV2 } from './knobs.ts'

/** The delegated inner group in the v2 tree. */
const INNER = 'vps'
const DELEGATED = ['', 'cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control']
const WANTED = ['cpu', 'cpuset', 'memory', 'pids', 'io']
const REMOVE_MS = 5_000
const KILL_MS = 10_000
const FREEZE_MS = 10_000
const POLL_MS = 5

/** Where a legacy host's v2 tree, which nobody mounted, can be reached; made by the caller when `mode` is legacy. */
export interface CgroupOptions {
  readonly mountinfo?: string
}

export function realCgroups(options: CgroupOptions = {}): Cgroups {
  const found = hierarchiesIn(options.mountinfo ?? readFileSync('/proc/self/mountinfo', 'utf8'))
  const roots = [...new Set([...found.v1.values(), ...(found.v2 === null ? [] : [found.v2])])]
  const v1Roots = [...new Set(found.v1.values())]
  const unified = found.mode === 'unified'
  /** The directory of `path` in the hierarchy that has `controller`. */
  const at = (controller: string, path: string): string | null => {
    const root = unified ? found.v2 : (found.v1.get(controller) ?? null)
    return root === null ? null : join(root, path)
  }

  const frozen = async (path: string): Promise<boolean> => {
    const directory = at('freezer', path)
    if (directory === null) return false
    if (unified) return /^frozen 1$/m.test(readFileSync(join(directory, 'cgroup.events'), 'utf8'))
    return readFileSync(join(directory, 'freezer.state'), 'utf8').trim() === 'FROZEN'
  }
  const setFrozen = async (path: string, freeze: boolean): Promise<void> => {
    const directory = at('freezer', path)
    if (directory === null) throw new Error(`cannot suspend ${path}: this host has no freezer controller`)
    if (unified) writeFileSync(join(directory, 'cgroup.freeze'), freeze ? '1' : '0')
    else writeFileSync(join(directory, 'freezer.state'), freeze ? 'FROZEN' : 'THAWED')
    for (const deadline = Date.now() + FREEZE_MS; (await frozen(path)) !== freeze; await sleep(POLL_MS)) {
      if (Date.now() > deadline) throw new Error(`${path} did not ${freeze ? 'freeze' : 'thaw'} within ${FREEZE_MS / 1000} s`)
    }
  }
  const processes = (path: string): number[] => {
    const directory = unified ? join(found.v2 ?? '', path) : join(found.v1.get('freezer') ?? v1Roots[0] ?? '', path)
    return [...new Set(subtree(directory).flatMap((group) => numbers(join(group, 'cgroup.procs'))))]
  }

  return {
    mode: found.mode,
    create: async (path, owner) => {
      for (const root of roots) makeGroup(found, root, path)
      if (found.v2 === null) return
      const inner = join(found.v2, path, INNER)
      mkdirSync(inner, { recursive: true })
      for (const file of DELEGATED) chownSync(join(inner, file), owner, owner)
    },
    remove: async (path) => {
      for (const root of roots) await removeTree(join(root, path), path)
    },
    exists: async (path) => roots.some((root) => existsSync(join(root, path))),
    children: async (path) =>
      [...new Set(roots.flatMap((root) => directories(join(root, path))))].filter((name) => name !== INNER).toSorted(),
    setLimits: async (path, limits) => {
      refuseBelowUse(unified, at, path, limits)
      const knobs = unified ? [...plainKnobsV2(limits), ...memoryKnobsV2(limits)] : knobsV1(found, at, path, limits)
      writeAll(at, path, knobs, limits)
    },
    usage: async (path) => (unified ? usageV2(join(found.v2 ?? '', path)) : usageV1(at, path)),
    freeze: (path) => setFrozen(path, true),
    thaw: (path) => setFrozen(path, false),
    frozen,
    processes: async (path) => processes(path),
    killAll: async (path) => {
      const killFile = join(found.v2 ?? '', path, 'cgroup.kill')
      for (const deadline = Date.now() + KILL_MS; ; await sleep(POLL_MS)) {
        if (found.v2 !== null && existsSync(killFile)) writeFileSync(killFile, '1')
        const left = processes(path)
        for (const pid of left) kill(pid)
        if (left.length === 0) return
        if (Date.now() > deadline)
          throw new Error(`${left.length} processes of ${path} did not end within ${KILL_MS / 1000} s of SIGKILL`)
      }
    },
    enter: (path, body) => (unified ? body() : enterV1(found, path, body)),
  }
}

function makeGroup(found: Hierarchies, root: string, path: string): void {
  let directory = root
  for (const part of path.split('/')) {
    if (found.mode === 'unified') enableControllers(directory)
    directory = join(directory, part)
    mkdirSync(directory, { recursive: true })
    if (root === found.v1.get('cpuset')) inheritCpuset(directory)
  }
  if (found.mode === 'unified') enableControllers(directory)
}

/** Those that the parent gave; each alone, so that one that cannot be enabled does not keep the others. */
function enableControllers(directory: string): void {
  const available = readFileSync(join(directory, 'cgroup.controllers'), 'utf8').trim().split(' ')
  const enabled = readFileSync(join(directory, 'cgroup.subtree_control'), 'utf8').trim().split(' ')
  const wanted = WANTED.filter((name) => available.includes(name) && !enabled.includes(name))
  for (const name of wanted) writeFileSync(join(directory, 'cgroup.subtree_control'), `+${name}`)
}

/** A new v1 cpuset has no CPUs and no memory nodes, and takes no process. */
function inheritCpuset(directory: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (readFileSync(join(directory, file), 'utf8').trim() !== '') continue
    writeFileSync(join(directory, file), readFileSync(join(dirname(directory), file), 'utf8').trim())
  }
}

async function removeTree(directory: string, path: string): Promise<void> {
  for (const group of subtree(directory).toReversed()) {
    for (const deadline = Date.now() + REMOVE_MS; ; await sleep(POLL_MS)) {
      try {
        rmdirSync(group)
        break
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOENT') break
        if (code !== 'EBUSY' || Date.now() > deadline) {
          const left = numbers(join(group, 'cgroup.procs')).length
          throw new Error(`cannot remove cgroup ${path}: ${left} processes are still in it`, { cause: error })
        }
      }
    }
  }
}

type At = (controller: string, path: string) => string | null

function refuseBelowUse(unified: boolean, at: At, path: string, limits: CgroupLimits): void {
  const pids = at('pids', path)
  if (limits.pids !== null && pids !== null) {
    const used = number(join(pids, 'pids.current'))
    if (used > limits.pids) throw new LimitBelowUse('pids', limits.pids, used)
  }
  // v1 says so itself (EBUSY); v2 would kill instead.
  const memory = at('memory', path)
  if (!unified || limits.memory === null || memory === null) return
  const needed = (): number => number(join(memory, 'memory.current')) - field(join(memory, 'memory.stat'), 'inactive_file')
  if (needed() <= limits.memory) return
  try {
    writeFileSync(join(memory, 'memory.reclaim'), `${needed() - limits.memory}`)
  } catch {
    // EAGAIN: less could be reclaimed than was asked for; what remains in use decides.
  }
  if (needed() > limits.memory) throw new LimitBelowUse('memory', limits.memory, needed())
}

function knobsV1(found: Hierarchies, at: At, path: string, limits: CgroupLimits): Knob[] {
  const cpuset = at('cpuset', dirname(path))
  const all = cpuset === null ? '' : readFileSync(join(cpuset, 'cpuset.cpus'), 'utf8').trim()
  const memory = at('memory', path)
  const now = memory === null ? 0 : number(join(memory, 'memory.limit_in_bytes'))
  const raising = limits.memory === null || limits.memory > now
  return [...plainKnobsV1(limits, all), ...memoryKnobsV1(limits, raising)].filter((knob) => found.v1.has(knob.controller))
}

/** All or nothing: what was written is put back when a later one is refused. */
function writeAll(at: At, path: string, knobs: readonly Knob[], limits: CgroupLimits): void {
  const undo: (() => void)[] = []
  for (const knob of knobs) {
    const directory = at(knob.controller, path)
    const file = join(directory ?? '', knob.file)
    if (directory === null || !existsSync(file)) {
      if (knob.optional) continue
      undo.toReversed().forEach((back) => back())
      throw new Error(`cannot limit ${path}: this host's cgroups have no ${knob.file}`)
    }
    const before = readFileSync(file, 'utf8').trim() || '\n'
    try {
      writeFileSync(file, knob.value)
    } catch (error) {
      undo.toReversed().forEach((back) => back())
      const busy = (error as NodeJS.ErrnoException).code === 'EBUSY'
      if (busy && knob.file.startsWith('memory.'))
        throw new LimitBelowUse('memory', limits.memory ?? 0, number(join(directory, 'memory.usage_in_bytes')))
      throw new Error(`cannot set ${knob.file} of ${path} to ${knob.value.trim()}: ${(error as Error).message}`, { cause: error })
    }
    undo.push(() => writeFileSync(file, before))
  }
}

function usageV1(at: At, path: string): CgroupUsage {
  const memory = at('memory', path) ?? ''
  const sum = number(join(memory, 'memory.memsw.usage_in_bytes'))
  const used = number(join(memory, 'memory.usage_in_bytes'))
  return {
    memory: used,
    memoryReclaimable: field(join(memory, 'memory.stat'), 'total_inactive_file'),
    memoryPeak: number(join(memory, 'memory.max_usage_in_bytes')),
    swap: Math.max(0, sum - used),
    pids: number(join(at('pids', path) ?? '', 'pids.current')),
    cpuMicroseconds: Math.round(number(join(at('cpuacct', path) ?? '', 'cpuacct.usage')) / 1000),
    oomKills: field(join(memory, 'memory.oom_control'), 'oom_kill'),
  }
}

function usageV2(directory: string): CgroupUsage {
  return {
    memory: number(join(directory, 'memory.current')),
    memoryReclaimable: field(join(directory, 'memory.stat'), 'inactive_file'),
    memoryPeak: existsSync(join(directory, 'memory.peak')) ? number(join(directory, 'memory.peak')) : null,
    swap: number(join(directory, 'memory.swap.current')),
    pids: number(join(directory, 'pids.current')),
    cpuMicroseconds: field(join(directory, 'cpu.stat'), 'usage_usec'),
    oomKills: field(join(directory, 'memory.events'), 'oom_kill'),
  }
}

/** Moves the calling thread only ("tasks", not "cgroup.procs"): what it forks meanwhile is born in the group. cgroups(7) */
function enterV1<T>(found: Hierarchies, path: string, body: () => T): T {
  const home = homesOfThisThread()
  const doors: { there: number; back: number }[] = []
  try {
    // Opened before body runs: it may cover /sys/fs/cgroup.
    for (const root of new Set(found.v1.values())) {
      const names = [...found.v1].filter(([, mount]) => mount === root).map(([name]) => name)
      const back = join(root, home.get(names[0] ?? '') ?? '/', 'tasks')
      doors.push({ there: openSync(join(root, path, 'tasks'), 'w'), back: openSync(back, 'w') })
    }
    try {
      for (const { there } of doors) writeSync(there, '0')
      return body()
    } finally {
      for (const { back } of doors) writeSync(back, '0')
    }
  } finally {
    for (const { there, back } of doors) for (const fd of [there, back]) closeSync(fd)
  }
}

/** Controller (or "name=...") to this thread's group, from proc(5) /proc/thread-self/cgroup. */
function homesOfThisThread(): Map<string, string> {
  const homes = new Map<string, string>()
  for (const line of readFileSync('/proc/thread-self/cgroup', 'utf8').trim().split('\n')) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    for (const name of controllers.split(',')) homes.set(name, path)
  }
  return homes
}

/** The group and all below it, parents first. */
function subtree(directory: string): string[] {
  if (!existsSync(directory)) return []
  return [directory, ...directories(directory).flatMap((name) => subtree(join(directory, name)))]
}

function directories(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
  } catch {
    return []
  }
}

/** A file with one number; "max" and what is not there count as 0. */
function number(file: string): number {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10) || 0
  } catch {
    return 0
  }
}

function numbers(file: string): number[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** One line "name value" of a flat-keyed file. */
function field(file: string, name: string): number {
  try {
    const line = readFileSync(file, 'utf8')
      .split('\n')
      .find((candidate) => candidate.startsWith(`${name} `))
    return Number(line?.split(' ')[1] ?? 0)
  } catch {
    return 0
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended meanwhile.
  }
}
