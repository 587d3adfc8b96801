/**
 * An OCI runtime (crun(1)): what it is asked, as argv, and what it leaves on disk. It runs per operation and leaves nothing running; its
 * state directory is what survives a restart of everything else.
 *
 * crun 1.8 refuses hybrid cgroup hosts, so every call runs in a private mount namespace whose /sys/fs/cgroup is the v2 tree: `Runtime`
 * only builds argv, its caller chooses where it runs.
 */

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

export type Argv = readonly [string, ...string[]]

export interface RuntimeState {
  readonly id: string
  readonly pid: number
  /** created: init waits for `start`. */
  readonly state: 'created' | 'running' | 'gone'
  readonly bundle: string
}

export interface Runtime {
  create(id: string, bundle: string, pidFile: string, log: string): Argv
  start(id: string, log: string): Argv
  exec(id: string, processFile: string, pidFile: string, log: string, consoleSocket: string | null): Argv
  /** Also kills what remains. */
  remove(id: string): Argv
  /** From the state directory alone; no process is started. */
  states(): RuntimeState[]
  state(id: string): RuntimeState | null
  /** Drops a state directory that the runtime cannot read any more. */
  forget(id: string): void
}

/** @param root where crun keeps its state, one directory per container */
export function crun(root: string): Runtime {
  const base = ['crun', `--root=${root}`, '--cgroup-manager=cgroupfs'] as const
  const logged = (log: string): string[] => [`--log=${log}`, '--log-format=json']
  const state = (id: string): RuntimeState | null => readState(root, id)
  return {
    create: (id, bundle, pidFile, log) => [...base, ...logged(log), 'create', '--bundle', bundle, '--pid-file', pidFile, id],
    start: (id, log) => [...base, ...logged(log), 'start', id],
    exec: (id, processFile, pidFile, log, consoleSocket) => [
      ...base,
      ...logged(log),
      'exec',
      '--process',
      processFile,
      '--pid-file',
      pidFile,
      ...(consoleSocket === null ? [] : ['--console-socket', consoleSocket]),
      id,
    ],
    remove: (id) => [...base, 'delete', '--force', id],
    states: () =>
      existsSync(root)
        ? readdirSync(root)
            .map(state)
            .filter((found) => found !== null)
        : [],
    state,
    forget: (id) => rmSync(join(root, id), { recursive: true, force: true }),
  }
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

/** The last message of a crun log in JSON format: what went wrong, in one line; '' when it said nothing. */
export function lastLogMessage(log: string): string {
  let text: string
  try {
    text = readFileSync(log, 'utf8')
  } catch {
    return ''
  }
  const last = text.trim().split('\n').at(-1) ?? ''
  try {
    const { msg } = JSON.parse(last) as { msg?: unknown }
    return typeof msg === 'string' ? msg : last
  } catch {
    return last
  }
}
