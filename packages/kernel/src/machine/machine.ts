/**
 * A pretended machine: the small model that the fakes of process-bound facilities share. It has processes (with their cgroups, mounts and
 * network) and files, and one thread of ours that is in some namespaces at each moment. It outlives the daemons that run on it.
 */

import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import type { ProcessEnd } from '../exits/exits.ts'
import { type FakeCgroups, fakeCgroups } from '../cgroup/fake.ts'
import type { CgroupMode } from '../cgroup/cgroup.ts'
import type { IdMap } from '../userns/userns.ts'
import { type MountTable, mountTable } from './mount-table.ts'
import { type NetworkTable, networkTable } from './network-table.ts'
import { DIRECTORY, plainTree, refuse, type Tree } from './tree.ts'

export interface FakeProcess {
  readonly pid: number
  /** Milliseconds since the epoch. */
  readonly bornAt: number
  readonly mounts: MountTable
  readonly network: NetworkTable
  /** Resolves when it has ended. */
  readonly ended: Promise<ProcessEnd>
  readonly end: ProcessEnd | null
}

export interface Birth {
  /** Where it is born; nowhere in particular when absent. @throws as fork(2) when the group is full */
  readonly cgroup?: string
  /** Those of the thread that starts it, when absent. */
  readonly mounts?: MountTable
  readonly network?: NetworkTable
  /** False: somebody else's child, so that its wait status is nobody's to know. */
  readonly child?: boolean
  /** Acts on a signal other than SIGKILL; ends of it when absent. */
  readonly onSignal?: (signal: number) => void
}

export type HowItEnds = { readonly code: number } | { readonly signal: number }

export interface FakeMachine {
  readonly cgroups: FakeCgroups
  /** Those that live. */
  readonly processes: ReadonlyMap<number, FakeProcess>
  start(birth?: Birth): FakeProcess
  end(pid: number, how: HowItEnds): void
  /** kill(2). A process whose group is frozen acts on what is not SIGKILL when it is thawed. False when there is no such process. */
  kill(pid: number, signal: number): boolean
  /** Mount namespace that our thread is in. */
  readonly mounts: MountTable
  inMounts<T>(mounts: MountTable, body: () => T): T
  /** Network namespace that our thread is in. */
  readonly network: NetworkTable
  inNetwork<T>(network: NetworkTable, body: () => T): T
  readonly userNamespaces: Map<number, IdMap>
  /** Who was given a terminal or a pipe, by `identityOf` it. */
  readonly owners: Map<string, { readonly uid: number; readonly gid: number }>
  /** Numbers that no descriptor of ours has: to close one is an error. */
  nextDescriptor(): number
  /** A directory of the host and those above it; `mode` of one that is made. */
  makeDirectory(path: string, mode?: number): void
  /** A file of the host, and the directories above it. */
  writeFile(path: string, contents: string): void
}

const FIRST_PID = 50_000
const FIRST_DESCRIPTOR = 1_000_000
const DIRECTORIES = ['/proc', '/sys/fs/cgroup', '/dev/pts', '/run', '/tmp']

/** The machine's terminals are those of the machine below it. */
const REAL_TERMINALS: Tree = {
  get(path) {
    if (path === '') return DIRECTORY
    return existsSync(`/dev/pts/${path}`) ? { kind: 'device', contents: path, mode: 0o620, owner: 0 } : null
  },
  put: (path) => refuse(`open /dev/pts/${path}`, 'EROFS'),
}

export function fakeMachine({ mode = 'unified' }: { readonly mode?: CgroupMode } = {}): FakeMachine {
  const processes = new Map<number, Living>()
  const host = mountTable(plainTree())
  let mounts = host
  let network = networkTable()
  let lastPid = FIRST_PID
  let lastDescriptor = FIRST_DESCRIPTOR

  const cgroups = fakeCgroups({
    mode,
    onKill: (pid) => machine.end(pid, { signal: constants.signals.SIGKILL }),
    onThaw: () => {
      for (const living of processes.values()) if (!frozen(living.pid)) living.deliver()
    },
  })
  const frozen = (pid: number): boolean =>
    [...cgroups.groups].some(
      ([path, { pids }]) => pids.has(pid) && pathsAbove(path).some((name) => cgroups.groups.get(name)?.frozen),
    )

  const machine: FakeMachine = {
    cgroups,
    processes,
    start(birth = {}) {
      const pid = (lastPid += 1)
      if (birth.cgroup !== undefined) cgroups.add(birth.cgroup, pid)
      const living = livingProcess(pid, birth, { mounts, network })
      processes.set(pid, living)
      return living
    },
    end(pid, how) {
      const living = processes.get(pid)
      if (!living) return
      processes.delete(pid)
      cgroups.end(pid)
      living.finish(how)
    },
    kill(pid, signal) {
      const living = processes.get(pid)
      if (!living) return false
      if (signal === constants.signals.SIGKILL) machine.end(pid, { signal })
      else if (signal !== 0) living.send(signal)
      if (!frozen(pid)) living.deliver()
      return true
    },
    get mounts() {
      return mounts
    },
    inMounts(there, body) {
      const here = mounts
      mounts = there
      try {
        return body()
      } finally {
        mounts = here
      }
    },
    get network() {
      return network
    },
    inNetwork(there, body) {
      const here = network
      network = there
      try {
        return body()
      } finally {
        network = here
      }
    },
    userNamespaces: new Map(),
    owners: new Map(),
    nextDescriptor: () => (lastDescriptor += 1),
    makeDirectory(path, mode = DIRECTORY.mode) {
      for (const directory of pathsAbove(path))
        if (!host.get(directory)) host.put(directory, directory === path ? { ...DIRECTORY, mode } : DIRECTORY)
    },
    writeFile(path, contents) {
      machine.makeDirectory(path.slice(0, path.lastIndexOf('/')))
      host.put(path, { kind: 'file', contents, mode: 0o644, owner: 0 })
    },
  }
  for (const path of DIRECTORIES) machine.makeDirectory(path)
  host.mount('/dev/pts', REAL_TERMINALS)

  function livingProcess(pid: number, birth: Birth, ours: { mounts: MountTable; network: NetworkTable }): Living {
    const pending: number[] = []
    const { promise, resolve } = Promise.withResolvers<ProcessEnd>()
    let end: ProcessEnd | null = null
    const onSignal = birth.onSignal ?? ((signal) => machine.end(pid, { signal }))
    return {
      pid,
      bornAt: Date.now(),
      mounts: birth.mounts ?? ours.mounts,
      network: birth.network ?? ours.network,
      ended: promise,
      get end() {
        return end
      },
      send: (signal) => void pending.push(signal),
      deliver() {
        while (pending.length > 0 && !end) onSignal(pending.shift() ?? 0)
      },
      finish(how) {
        const told = birth.child === false ? {} : how
        end = { pid, code: null, signal: null, ...told }
        resolve(end)
      },
    }
  }
  return machine
}

interface Living extends FakeProcess {
  send(signal: number): void
  deliver(): void
  finish(how: HowItEnds): void
}

/** "a/b/c" -> "a", "a/b", "a/b/c". */
function pathsAbove(path: string): string[] {
  const parts = path.split('/')
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

/** @throws SystemCallFailed ESRCH */
export function living({ processes }: FakeMachine, pid: number): FakeProcess {
  return processes.get(pid) ?? refuse(`open /proc/${pid}`, 'ENOENT')
}
