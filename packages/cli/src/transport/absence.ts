/**
 * The socket is not there, or nobody listens: nothing was sent yet, so it can be tried again. That is worth some seconds where insulad is
 * started again by itself, as it is when it was killed or is restarted.
 */

import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { localSocketPath } from '@insula/contract/paths'
import { type LocalNode, connectionFailure } from './refused.ts'

/** Of insulad's start, on a node that has much else to do. */
const PATIENCE = 10_000
const PAUSE = 100

/** Resolves when it is time to try again. @param since when it was tried first @throws what stands for the error, when there is no hope */
export async function awaitReturn(error: unknown, node: LocalNode, since: number): Promise<void> {
  const { code } = error as NodeJS.ErrnoException
  const absent = code === 'ENOENT' || code === 'ECONNREFUSED'
  if (!absent || performance.now() - since > PATIENCE || !isLookedAfter(node)) throw connectionFailure(error, node)
  await new Promise((resolve) => setTimeout(resolve, PAUSE))
}

/** Whether somebody lives who starts insulad again: its supervisor, or systemd, which keeps this link for each unit that is not down. */
function isLookedAfter({ socketPath, instance }: LocalNode): boolean {
  if (isAlive(`${dirname(socketPath)}/supervisor.pid`)) return true
  return socketPath === localSocketPath(instance) && existsSync(`/run/systemd/units/invocation:insulad@${instance}.service`)
}

function isAlive(pidFile: string): boolean {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8'))
    return pid > 0 && existsSync(`/proc/${pid}`)
  } catch {
    return false
  }
}
