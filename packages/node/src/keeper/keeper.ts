/**
 * What insulad asks of insula-keeper. The keeper is the parent of every VPS's init, holds their consoles and lxcfs, and is the
 * only process that enters namespaces. It keeps no state of its own: what it needs to adopt running VPSs after a restart lies in
 * the runtime's state directory. `keep.ts` does the work; `server.ts` and `client.ts` carry this interface over a unix socket.
 */

import type { NetworkStep } from '@insula/kernel'
import type { IdQuotaPlace, OverlayPlan } from '@insula/vzfs'

export interface PlacedFile {
  /** Absolute inside the VPS. Symbolic links in it are resolved inside the VPS's root and cannot leave it. */
  readonly path: string
  readonly contents: string
  readonly mode: number
}

export interface LaunchSpec {
  /** Names everything: the runtime's container id, "101". */
  readonly id: string
  /** Directory of the bundle, made if absent; config.json is written there. */
  readonly bundle: string
  /** OCI runtime configuration (runtime-spec config.json) but for the user namespace's path and init's stdio. */
  readonly config: unknown
  readonly idMap: { readonly base: number; readonly size: number }
  readonly root: OverlayPlan
  /** Written (if different) before init starts. */
  readonly files: readonly PlacedFile[]
  /** Cgroup path as in @insula/kernel's Cgroups; must exist. */
  readonly cgroup: string
  /** Where the quota of its users and groups is, so that tools inside can be shown it; null: the volume has none. */
  readonly quota: IdQuotaPlace | null
}

export interface Kept {
  readonly id: string
  readonly pid: number
  /** created: init waits for `begin`; running. */
  readonly state: 'created' | 'running'
}

export interface ExitReport {
  readonly id: string
  /** Wait status; both null when the keeper was not its parent any more (adopted after a restart). */
  readonly code: number | null
  readonly signal: string | null
  /** init was ended by reboot(2) inside: 'reboot' or 'poweroff'; null otherwise or unknown. */
  readonly request: 'reboot' | 'poweroff' | null
  /** Milliseconds since the epoch. */
  readonly at: number
}

export interface ExecRequest {
  readonly argv: readonly string[]
  /** "name", "uid", "name:group", "uid:gid"; root when absent. */
  readonly user?: string | undefined
  readonly cwd?: string | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly tty?: { readonly cols: number; readonly rows: number; readonly term: string } | undefined
}

/** How a command ended: exactly one of the two. */
export type ExecEnd = { readonly code: number } | { readonly signal: string; readonly number: number }

/** One byte channel pair towards a process or console. Backpressure: `write` resolves when more may be written; `pause`/`resume` stop reading. */
export interface ByteSession {
  write(chunk: Uint8Array): Promise<void>
  /** Ends standard input (exec without tty). */
  end(): void
  resize(cols: number, rows: number): void
  pause(): void
  resume(): void
  /** Detaches; a command that still runs gets SIGHUP, then SIGKILL; a console is only detached from. */
  close(): void
}

export interface ExecSession extends ByteSession {
  /** Sends the command a signal ("SIGINT"). Does nothing once it has ended. */
  signal(name: string): void
  readonly ended: Promise<ExecEnd>
}

export interface OutputSink {
  readonly stdout: (chunk: Buffer) => void
  readonly stderr: (chunk: Buffer) => void
}

export interface Keeper {
  /** Rootfs, id map, console, runtime create: init exists and waits. Undone whole on failure. Resolves with init's host pid. */
  launch(spec: LaunchSpec): Promise<{ readonly pid: number }>
  /** Makes the steps hold inside the VPS's network namespace. */
  configureNetwork(id: string, steps: readonly NetworkStep[]): Promise<void>
  /** Writes files inside a launched or running VPS, if different. */
  placeFiles(id: string, files: readonly PlacedFile[]): Promise<void>
  /** Lets init run. */
  begin(id: string): Promise<void>
  /** Sends init a signal ("SIGRTMIN+3", "SIGPWR", "SIGKILL"); false when there is no init any more. */
  signal(id: string, signal: string): Promise<boolean>
  /** Kills what remains, and removes what launch made (runtime state, console, mount points). Idempotent; safe if launch never ran. */
  discard(id: string): Promise<void>
  list(): Promise<readonly Kept[]>
  /** The exit of VPSs, also of those that ended while nobody listened (kept until `discard`). */
  onExit(listener: (report: ExitReport) => void): Disposable
  /** Rejects with code `exec_not_found` / `exec_not_executable` when the command cannot be run at all. */
  exec(id: string, request: ExecRequest, sink: OutputSink): Promise<ExecSession>
  /** Attaches to the real console; scrollback comes first. */
  console(
    id: string,
    /** null: the console keeps the size it has. */
    size: { readonly cols: number; readonly rows: number } | null,
    output: (chunk: Buffer) => void,
  ): Promise<ByteSession & { readonly ended: Promise<void> }>
  /** The console's scrollback. */
  consoleLog(id: string): Promise<Buffer>
  /** State of lxcfs, restarts counted. */
  health(): Promise<{
    readonly pid: number
    readonly lxcfs: {
      readonly pid: number | null
      readonly restarts: number
      readonly healthy: boolean
      /** Files below its mount point that it serves now; [] while it does not. */
      readonly files: readonly string[]
    }
  }>
}
