/** Starts a process on descriptors that the caller opened: for consoles, pipes, and whatever else must be a real descriptor inside. */

import { spawn } from 'node:child_process'
import { CLEAN_ENVIRONMENT } from './environment.ts'
import { ProcessFailed } from './runner.ts'
import { couldNotStart } from './tools.ts'

/** 'null' is /dev/null. */
export type Descriptor = number | 'null'

export interface AttachedOptions {
  /** For 0, 1, 2 and on. The caller closes its own copies. */
  readonly descriptors: readonly Descriptor[]
  readonly env?: Readonly<Record<string, string>>
  readonly uid?: number
  readonly gid?: number
}

export interface AttachedProcess {
  readonly pid: number
  /** How it ended; never rejects. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

/**
 * Synchronous up to and including exec, in a session of its own.
 * @throws ProcessFailed when fork or exec failed (Node tells which only by a later event)
 */
export function startAttached(argv: readonly [string, ...string[]], options: AttachedOptions): AttachedProcess {
  const child = spawn(argv[0], argv.slice(1), {
    stdio: options.descriptors.map((descriptor) => (descriptor === 'null' ? 'ignore' : descriptor)),
    env: { ...CLEAN_ENVIRONMENT, ...options.env },
    detached: true,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  if (child.pid === undefined) throw new ProcessFailed(argv, null, null, '', couldNotStart(argv[0]))
  return { pid: child.pid, ended }
}
