/**
 * The one place that starts processes. argv arrays, never a shell; a clean environment; a deadline; stderr in the error.
 */

export interface RunOptions {
  /** Bytes for standard input; empty and closed when absent. */
  readonly input?: string | Uint8Array
  /** Added to the clean environment (PATH, LANG=C.UTF-8). */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Milliseconds until SIGKILL to the process group; 60,000 when absent. */
  readonly deadline?: number
  /** Exit codes that are not an error; [0] when absent. */
  readonly accept?: readonly number[]
  readonly signal?: AbortSignal
  /** Called with each complete line of stdout or stderr, for progress of long commands. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
}

export interface RunResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A command did not end as accepted: its argv, exit code or signal, and the end of its stderr. */
export class ProcessFailed extends Error {
  override readonly name = 'ProcessFailed'
  readonly argv: readonly string[]
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string

  /** `reason`: why, when it is not the exit code: "was not found", "did not end within 60 s", "was cancelled". */
  constructor(argv: readonly string[], code: number | null, signal: string | null, stderr: string, reason?: string) {
    const how = reason ?? (signal ? `was killed by ${signal}` : `ended with ${code}`)
    const tail = stderr.trim().split('\n').slice(-3).join('; ')
    super(`${argv[0]} ${how}${tail ? `: ${tail}` : ''}`)
    this.argv = argv
    this.code = code
    this.signal = signal
    this.stderr = stderr
  }
}

export interface ProcessRunner {
  /**
   * Runs argv to its end. The process is started synchronously, inside this call (callers that hold a namespace or a
   * cgroup for the moment of the fork rely on it).
   * @throws ProcessFailed
   */
  run(argv: readonly [string, ...string[]], options?: RunOptions): Promise<RunResult>
}
