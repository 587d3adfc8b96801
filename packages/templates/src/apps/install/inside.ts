/**
 * A system that an app is installed in, as the installer sees it: commands run in it as its root. How it is up is somebody else's: a VPS that
 * runs, or one that was started only for this.
 */

import type { Readable } from 'node:stream'

export interface InsideOptions {
  readonly env?: Readonly<Record<string, string>>
  /** What it reads from standard input; nothing when absent. */
  readonly input?: Readable
  /** It is killed with all that it started after so long. */
  readonly seconds?: number
  /** Each line that it writes. */
  readonly onLine?: (line: string) => void
}

export interface InsideResult {
  /** null: it was killed. */
  readonly code: number | null
  readonly stdout: string
  /** Last lines of both outputs, for people. */
  readonly tail: readonly string[]
  /** It did not end in its time. */
  readonly late: boolean
}

export interface Inside {
  /** @throws when it cannot be run at all: the system is not up, or went down in the middle */
  run(argv: readonly string[], options?: InsideOptions): Promise<InsideResult>
}

/** Something did not go well inside. `phase`: "install", "post-install", "health check". */
export class InsideFailed extends Error {
  override readonly name = 'InsideFailed'
  readonly phase: string
  readonly remedy: string
  constructor(phase: string, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options)
    this.phase = phase
    this.remedy = remedy
  }
}

/** "it ended with 1: last lines" */
export function howItEnded({ code, tail, late }: InsideResult, seconds?: number): string {
  const how = late
    ? `it did not end within ${seconds} s and was killed`
    : code === null
      ? 'it was killed'
      : `it ended with ${code}`
  return tail.length === 0 ? how : `${how}: ${tail.slice(-5).join(' | ')}`
}
