/**
 * An OCI runtime: makes containers of bundles, runs commands in them, removes them. It runs per operation and leaves nothing running but the
 * container; its state directory is what survives a restart of everything else. runtime-spec: runtime.md, config.md.
 *
 * Each call starts the runtime before it returns, in the namespaces that the calling thread is in: the caller chooses what the runtime sees.
 * What goes wrong after that is told by the exit code, and in words in the log file (`lastLogMessage`). Log files must exist.
 */

import type { CgroupDoor } from '../cgroup/cgroup.ts'
import type { Descriptor } from '../process/attached.ts'

/** The runtime at work. */
export interface RuntimeCall {
  /** How it ended; never rejects. */
  readonly ended: Promise<RuntimeEnd>
  /** SIGKILL to the runtime and all of its session. */
  kill(): void
}

/** A command in the making. */
export interface ExecCall extends RuntimeCall {
  /**
   * Whether the command itself has been seen running. Until then what is on its streams may be the runtime's, which writes there too why it
   * cannot run it. Stays false for one that ended before anybody looked.
   */
  begun(): boolean
}

/** `code` null: `signal` ended it. */
export interface RuntimeEnd {
  readonly code: number | null
  readonly signal: string | null
}

interface Birth {
  /** Host pid of the new process is written there. */
  readonly pidFile: string
  readonly log: string
  /** 0, 1 and 2 of the new process. The caller closes its own copies. */
  readonly stdio: readonly [Descriptor, Descriptor, Descriptor]
  /** The group that the process is born in. */
  readonly door: CgroupDoor
}

export interface CreateOptions extends Birth {
  /** Directory with config.json. */
  readonly bundle: string
}

export interface ExecOptions extends Birth {
  /** JSON of an OCI process. */
  readonly processFile: string
  /** Unix socket that is handed the master of the process's terminal, if it has one; its stdio is that terminal then. */
  readonly consoleSocket: string | null
}

export interface RuntimeState {
  readonly id: string
  readonly pid: number
  /** created: init waits for `start`. gone: init has ended; the rest is there until `remove`. */
  readonly state: 'created' | 'running' | 'gone'
  readonly bundle: string
}

export interface Runtime {
  /** Makes the container; its init waits. */
  create(id: string, options: CreateOptions): RuntimeCall
  /** Lets init run. Not for a container whose init has ended: that may wait for ever. */
  start(id: string, log: string): RuntimeCall
  /** Runs a process in a running container to its end and ends as it did: its exit code, or 128 and the signal's number. */
  exec(id: string, options: ExecOptions): ExecCall
  /** Kills what remains and forgets the container. One that is not there is no error. */
  remove(id: string): RuntimeCall
  /** From the state directory alone; no process is started. */
  states(): RuntimeState[]
  state(id: string): RuntimeState | null
  /** Drops a state that the runtime cannot read any more. */
  forget(id: string): void
}
