/** Starts a process on descriptors that the caller opened: for consoles, pipes, and whatever else must be a real descriptor inside. */

import { type ChildEnd, endOfChild } from './children.ts'
import { CLEAN_ENVIRONMENT } from './environment.ts'
import { ProcessFailed } from './runner.ts'
import { programOf, spawnProcess, SpawnRefused } from './spawn.ts'
import { couldNotStart } from './tools.ts'

/** 'null' is /dev/null. */
export type Descriptor = number | 'null'

export interface AttachedOptions {
  /** For 0, 1, 2 and on. The caller closes its own copies. */
  readonly descriptors: readonly Descriptor[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface AttachedProcess {
  readonly pid: number
  /** How it ended; never rejects. */
  readonly ended: Promise<ChildEnd>
}

/**
 * Synchronous up to and including exec, in a session of its own.
 * @throws ProcessFailed when fork or exec failed
 */
export function startAttached(argv: readonly [string, ...string[]], { descriptors, env, cwd }: AttachedOptions): AttachedProcess {
  try {
    const pid = spawnProcess(argv, {
      descriptors,
      env: { ...CLEAN_ENVIRONMENT, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    })
    return { pid, ended: endOfChild(pid) }
  } catch (error) {
    throw asProcessFailed(error, argv, cwd)
  }
}

/** Where the command is that `startAttached` would start. @throws ProcessFailed */
export function programPath(command: string): string {
  try {
    return programOf(command, CLEAN_ENVIRONMENT.PATH)
  } catch (error) {
    throw asProcessFailed(error, [command])
  }
}

function asProcessFailed(error: unknown, argv: readonly [string, ...string[]], cwd?: string): unknown {
  if (!(error instanceof SpawnRefused)) return error
  return new ProcessFailed(argv, null, null, '', couldNotStart(argv[0], error.code, cwd))
}
