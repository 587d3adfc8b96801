/**
 * Runtime by crun(1). crun 1.8 refuses hybrid cgroup hosts: it has to be called in a mount namespace whose /sys/fs/cgroup is the v2 tree.
 */

import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Descriptor, startAttached } from '../process/attached.ts'
import type { CreateOptions, ExecCall, ExecOptions, Runtime, RuntimeCall, RuntimeState } from './runtime.ts'

type Argv = readonly [string, ...string[]]

const SILENT = ['null', 'null', 'null'] as const

/** @param root where crun keeps its state, one directory per container */
export function realRuntime(root: string): Runtime {
  const base = ['crun', `--root=${root}`, '--cgroup-manager=cgroupfs'] as const
  const logged = (log: string): Argv => [...base, `--log=${log}`, '--log-format=json']
  const born = (argv: Argv, { stdio, door }: CreateOptions | ExecOptions): StartedCall =>
    call(door.through(argv), [...stdio, ...door.descriptors])
  const state = (id: string): RuntimeState | null => readState(root, id)
  return {
    create: (id, options) =>
      born([...logged(options.log), 'create', '--bundle', options.bundle, '--pid-file', options.pidFile, id], options),
    start: (id, log) => call([...logged(log), 'start', id], SILENT),
    exec: (id, options) => {
      const { processFile, pidFile, consoleSocket } = options
      const socket = consoleSocket === null ? [] : ['--console-socket', consoleSocket]
      const argv = [...logged(options.log), 'exec', '--process', processFile, '--pid-file', pidFile, ...socket, id] as const
      return whileWatched(born(argv, options), pidFile)
    },
    remove: (id) => call([...base, 'delete', '--force', id], SILENT),
    states: () =>
      existsSync(root)
        ? readdirSync(root)
            // Later versions of crun keep a cache there.
            .filter((name) => !name.startsWith('.'))
            .map(state)
            .filter((found) => found !== null)
        : [],
    state,
    forget: (id) => rmSync(join(root, id), { recursive: true, force: true }),
  }
}

interface StartedCall extends RuntimeCall {
  readonly pid: number
}

function call(argv: Argv, descriptors: readonly Descriptor[]): StartedCall {
  const { pid, ended } = startAttached(argv, { descriptors })
  return {
    pid,
    ended,
    kill: () => {
      try {
        // Its whole session: the runtime forks.
        process.kill(-pid, 'SIGKILL')
      } catch {
        // It ended meanwhile.
      }
    },
  }
}

/** crun's child becomes the command by exec: until then its program is crun's. */
function whileWatched({ pid, ended, kill }: StartedCall, pidFile: string): ExecCall {
  let seen = false
  const begun = (): boolean => {
    try {
      seen ||= program(Number(readFileSync(pidFile, 'utf8'))) !== program(pid)
    } catch {
      // Not there yet, or not any more.
    }
    return seen
  }
  return { ended, kill, begun }
}

/** Which file a process runs. Unlike its command line that can be asked of a process that stands still. @throws when it has ended */
function program(pid: number): string {
  const { dev, ino } = statSync(`/proc/${pid}/exe`)
  return `${dev}:${ino}`
}

function readState(root: string, id: string): RuntimeState | null {
  let status: { pid?: number; bundle?: string; 'process-start-time'?: number }
  try {
    status = JSON.parse(readFileSync(join(root, id, 'status'), 'utf8'))
  } catch {
    return existsSync(join(root, id)) ? { id, pid: 0, state: 'gone', bundle: '' } : null
  }
  const pid = status.pid ?? 0
  const bundle = status.bundle ?? ''
  if (pid <= 0 || startTime(pid) !== status['process-start-time']) return { id, pid, state: 'gone', bundle }
  return { id, pid, state: existsSync(join(root, id, 'exec.fifo')) ? 'created' : 'running', bundle }
}

/** Field 22 of /proc/PID/stat, proc(5); null when there is no such process or it is only a zombie. */
function startTime(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? null : Number(fields[19])
  } catch {
    return null
  }
}
