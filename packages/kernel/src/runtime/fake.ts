/** Runtime of a pretended machine. Bundles, logs and pid files are real files, and stdio is real, as of crun; processes are programs of the caller's. */

import { readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type { CgroupDoor } from '../cgroup/cgroup.ts'
import { wayInto } from '../cgroup/fake.ts'
import type { FakeMachine, FakeProcess, HowItEnds } from '../machine/machine.ts'
import { type MountTable, mountTable } from '../machine/mount-table.ts'
import { type NetworkTable, networkTable } from '../machine/network-table.ts'
import { ownStdio, type Stdio } from '../machine/stdio.ts'
import { DIRECTORY, type Entry, plainTree } from '../machine/tree.ts'
import { openPty } from '../pty/pty.ts'
import { sendDescriptor } from '../testing/send-descriptor.ts'
import { mapAt } from '../userns/fake.ts'
import type { Runtime, RuntimeCall, RuntimeState } from './runtime.ts'

export interface FakeProgramCall extends Pick<Stdio, 'readAll' | 'write'> {
  readonly argv: readonly string[]
  readonly pid: number
  /** The runtime that runs it and waits for its end; init's has ended. */
  readonly runtime: number
  /** Signals but for SIGKILL come here from now on; without a listener they end the process, or are lost on an init. */
  onSignal(listener: (signal: number) => void): void
}

/** What a process does. It ends when this resolves, if it was not ended before. */
export type FakeProgram = (call: FakeProgramCall) => Promise<HowItEnds>

/** null when the container has no such program. */
export type FakePrograms = (container: string, argv: readonly string[]) => FakeProgram | null

export interface FakeRuntime extends Runtime {
  /** Inits by container, ended ones too until `remove`. */
  readonly inits: ReadonlyMap<string, FakeProcess>
}

interface Container {
  readonly bundle: string
  readonly init: FakeProcess
  readonly begin: () => void
  state: 'created' | 'running'
  /** All processes but init. */
  readonly others: Set<number>
}

interface OciConfig {
  readonly root: { readonly path: string }
  readonly process: OciProcess
  readonly mounts?: readonly { readonly destination: string; readonly type?: string; readonly source?: string }[]
  readonly linux?: { readonly namespaces?: readonly { readonly type: string; readonly path?: string }[] }
}

interface OciProcess {
  readonly args: readonly string[]
  readonly cwd: string
  readonly terminal?: boolean
}

const { SIGHUP, SIGKILL } = constants.signals

export function fakeRuntime(machine: FakeMachine, programs: FakePrograms): FakeRuntime {
  const containers = new Map<string, Container>()

  /** The runtime's own process. `work` resolves with its exit code; what it throws goes to the log. */
  const call = (
    log: string | null,
    work: (runtime: FakeProcess) => Promise<number>,
    over: () => void = () => undefined,
  ): RuntimeCall => {
    const runtime = machine.start()
    const done = turn().then(async () => (runtime.end ? 1 : work(runtime)))
    void done
      .catch((error: Error) => {
        if (log !== null) writeFileSync(log, `${JSON.stringify({ msg: error.message, level: 'error' })}\n`, { flag: 'a' })
        return 1
      })
      .then((code) => {
        over()
        machine.end(runtime.pid, { code })
      })
    return {
      ended: runtime.ended.then(({ code, signal }) => ({ code, signal: nameOf(signal) })),
      kill: () => void machine.kill(runtime.pid, SIGKILL),
    }
  }

  /** A process that runs nothing yet. */
  const born = (door: string, isInit: boolean, mounts: MountTable, network: NetworkTable) => {
    let listener: ((signal: number) => void) | null = null
    const process = machine.start({
      cgroup: door,
      mounts,
      network,
      onSignal: (signal) => {
        if (listener) listener(signal)
        else if (!isInit) machine.end(process.pid, { signal })
      },
    })
    const begin = (program: FakeProgram, argv: readonly string[], stdio: Stdio, runtime: number): void => {
      const { readAll, write } = stdio
      const onSignal = (next: (signal: number) => void): void => void (listener = next)
      program({ argv, pid: process.pid, runtime, readAll, write, onSignal }).then(
        (how) => machine.end(process.pid, how),
        // Whoever has its terminal or its pipes has gone.
        () => machine.end(process.pid, { signal: SIGHUP }),
      )
    }
    return { process, begin }
  }

  const state = (id: string): RuntimeState | null => {
    const found = containers.get(id)
    return found ? { id, pid: found.init.pid, state: found.init.end ? 'gone' : found.state, bundle: found.bundle } : null
  }
  const known = (id: string): Container => containers.get(id) ?? fail(`error opening file \`${id}/status\``)
  const programOf = (id: string, argv: readonly string[]): FakeProgram =>
    programs(id, argv) ?? (argv[0] === '' ? denied() : fail(`executable file \`${argv[0]}\` not found in $PATH`))

  return {
    get inits() {
      return new Map([...containers].map(([id, { init }]) => [id, init]))
    },
    create(id, { bundle, pidFile, log, stdio, door }) {
      const [outside, group, own] = [machine.mounts, groupOf(door), ownStdio(stdio)]
      let made = false
      const work = async (runtime: FakeProcess): Promise<number> => {
        if (containers.has(id)) throw new Error(`container \`${id}\` already exists`)
        const config = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as OciConfig
        const { args } = config.process
        for (const { path } of config.linux?.namespaces ?? [])
          if (path !== undefined && !mapAt(machine, path)) fail(`cannot open \`${path}\``)
        const inside = rootOf(config, outside)
        const program = programOf(id, args)
        const { process, begin } = born(group, true, inside, networkTable())
        const others = new Set<number>()
        made = true
        containers.set(id, {
          bundle,
          init: process,
          begin: () => begin(program, args, own, runtime.pid),
          state: 'created',
          others,
        })
        void process.ended.then(() => {
          own[Symbol.dispose]()
          for (const pid of others) machine.end(pid, { signal: SIGKILL })
        })
        writeFileSync(pidFile, `${process.pid}`)
        return 0
      }
      return call(log, work, () => made || own[Symbol.dispose]())
    },
    start: (id, log) =>
      call(log, async () => {
        const container = known(id)
        if (container.state !== 'created') fail(`cannot open \`${id}/exec.fifo\``)
        container.state = 'running'
        container.begin()
        return 0
      }),
    exec(id, { processFile, pidFile, log, consoleSocket, stdio, door }) {
      const [group, given] = [groupOf(door), ownStdio(stdio)]
      let begun = false
      const work = async (runtime: FakeProcess): Promise<number> => {
        const { init, others } = known(id)
        if (init.end) throw new Error(`the container \`${id}\` is not running`)
        const { args, cwd, terminal } = JSON.parse(readFileSync(processFile, 'utf8')) as OciProcess
        if (init.mounts.get(cwd)?.kind !== 'directory') fail(`chdir \`${cwd}\``)
        const program = programOf(id, args)
        const { process, begin } = born(group, false, init.mounts, init.network)
        others.add(process.pid)
        using own = terminal === true ? newTerminal(consoleSocket ?? '') : given
        writeFileSync(pidFile, `${process.pid}`)
        begun = true
        begin(program, args, own, runtime.pid)
        const { code, signal } = await process.ended
        others.delete(process.pid)
        return code ?? 128 + (signal ?? 0)
      }
      const complaining = async (runtime: FakeProcess): Promise<number> => {
        try {
          return await work(runtime)
        } catch (error) {
          const say = (text: string) => given.write('stderr', Buffer.from(`${text}\n`))
          if (!(error as Error).message.endsWith('EAGAIN')) {
            await say((error as Error).message)
            throw error
          }
          const reason = 'fork: Resource temporarily unavailable'
          await say(reason)
          writeFileSync(log, `${JSON.stringify({ msg: reason, level: 'error' })}\n`, { flag: 'a' })
          await say('fail startup')
          throw new Error('fail startup', { cause: error })
        }
      }
      return { ...call(log, complaining, () => given[Symbol.dispose]()), begun: () => begun }
    },
    remove: (id) =>
      call(null, async () => {
        const init = containers.get(id)?.init
        if (init) machine.end(init.pid, { signal: SIGKILL })
        await init?.ended
        containers.delete(id)
        return 0
      }),
    states: () => [...containers.keys()].map(state).filter((found) => found !== null),
    state,
    forget: (id) => void containers.delete(id),
  }
}

function fail(what: string): never {
  throw new Error(`${what}: No such file or directory`)
}

/** crun takes an empty name for the directory that it looks in. */
function denied(): never {
  throw new Error('open executable: Operation not permitted')
}

const groupOf = (door: CgroupDoor): string => wayInto(door.through(['crun']))?.path ?? fail('a door of another machine')

const nameOf = (signal: number | null): string | null =>
  Object.entries(constants.signals).find(([, number]) => number === signal)?.[0] ?? null

/** What the processes of a container see: its root file system and what is mounted over it. */
function rootOf({ root, mounts = [] }: OciConfig, outside: MountTable): MountTable {
  const inside = mountTable(outside.at(root.path))
  for (const { destination, type, source = '' } of mounts) {
    if (type === 'bind' && !outside.get(source)) fail(`open \`${source}\``)
    const tree = type === 'bind' ? outside.at(source) : type === 'proc' ? procTree() : plainTree()
    makePlace(inside, destination, tree.get('') ?? DIRECTORY)
    inside.mount(destination, tree)
  }
  return inside
}

/** Files that the kernel itself has there. proc(5) */
function procTree() {
  const tree = plainTree()
  for (const name of ['cpuinfo', 'meminfo', 'stat', 'uptime'])
    tree.put(name, { kind: 'file', contents: 'of the host', mode: 0o444, owner: 0 })
  return tree
}

/** What something can be mounted on: a directory for a directory, an empty file for anything else. */
function makePlace(mounts: MountTable, path: string, { kind }: Entry): void {
  const above = path.slice(0, path.lastIndexOf('/'))
  if (mounts.get(path)) return
  if (!mounts.get(above)) makePlace(mounts, above, DIRECTORY)
  mounts.put(path, kind === 'directory' ? DIRECTORY : { ...DIRECTORY, kind: 'file' })
}

/** As of a container's own devpts: its master goes to whoever asked for it. */
function newTerminal(consoleSocket: string): Stdio {
  using pty = openPty()
  sendDescriptor(consoleSocket, pty.master)
  return ownStdio([pty.slave, pty.slave, pty.slave])
}
