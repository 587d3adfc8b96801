/** Runs of the OCI runtime end: one that hangs is killed. `crun start`, for one, waits for ever for an init that died before it. */

import type { RuntimeCall, RuntimeEnd } from '@insula/kernel'

const DEADLINE_MS = 30_000

/** How it ended; `signal` SIGKILL also when the deadline passed. */
export async function endInTime(call: RuntimeCall): Promise<RuntimeEnd> {
  const timer = setTimeout(() => call.kill(), DEADLINE_MS)
  try {
    return await call.ended
  } finally {
    clearTimeout(timer)
  }
}
