/** Runs of the OCI runtime end: one that hangs is killed. `crun start`, for one, waits for ever for an init that died before it. */

import type { AttachedProcess } from '@insula/kernel'

const DEADLINE_MS = 30_000

/** How it ended; `signal` SIGKILL also when the deadline passed. */
export async function endInTime(
  started: AttachedProcess,
): Promise<{ readonly code: number | null; readonly signal: string | null }> {
  const timer = setTimeout(() => {
    try {
      // Its whole session: the runtime forks.
      process.kill(-started.pid, 'SIGKILL')
    } catch {
      // It ended meanwhile.
    }
  }, DEADLINE_MS)
  try {
    return await started.ended
  } finally {
    clearTimeout(timer)
  }
}
