/** Starts a supervisor that outlives the command which asked for it. */

import { closeSync, readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { startService } from '@insula/kernel'
import { type ChildSpec, ENVIRONMENT, logFile, pidFile, type Place } from './children.ts'
import { lastLine, rotate } from './log-file.ts'
import { alreadyRuns, lockPlace } from './run.ts'

/** Until a child that has ended meanwhile is reported, and until one that goes on without an answer is: a busy machine takes long to load it. */
const PATIENCE_MS = 30_000
const TIMES_FOR_A_SLOW_ONE = 4
const POLL_MS = 50
const CONNECT_MS = 1_000

export interface BackgroundStart {
  readonly place: Place
  readonly children: readonly ChildSpec[]
  /** The supervisor itself, in the foreground. */
  readonly argv: readonly [string, ...string[]]
  /** Milliseconds until all must answer, of which one that has not ended since it was started has four times as many. */
  readonly patience?: number
}

/**
 * Resolves with what to tell the user, when all children answer.
 * @throws when one does not. The supervisor goes on trying.
 */
export async function startInBackground(options: BackgroundStart): Promise<string> {
  const { place, children, argv, patience = PATIENCE_MS } = options
  const lock = lockPlace(place)
  if (lock === null) return alreadyRuns(place)
  closeSync(lock)
  const log = logFile(place, 'supervisor')
  rotate(log)
  const supervisor = startService(argv, { log, env: ENVIRONMENT })
  let failed = false
  // Code 0: another one was quicker, and is as good.
  void supervisor.ended.then((end) => (failed = end.code !== 0))

  const begun = performance.now()
  for (const child of children) {
    let first: string | null = null
    while (!(await answers(child.socket))) {
      if (failed) throw new Error(`insula-supervisor ended at once; ${tail(log)}`)
      const waited = performance.now() - begun
      const pid = pidNow(place, child)
      first ??= pid
      const slow = pid === first
      if (waited > patience * (slow ? TIMES_FOR_A_SLOW_ONE : 1)) {
        const seconds = Math.round(waited / 1000)
        const what = `${child.name} of instance ${place.name} does not answer on ${child.socket} after ${seconds} s`
        throw new Error(`${what}, and is being started again whenever it ends; ${tail(logFile(place, child.name))}`)
      }
      await sleep(POLL_MS)
    }
  }
  return `insula-supervisor runs instance ${place.name} (pid ${supervisor.pid}); all of it answers`
}

/** null between two lives, and while it is being written. */
function pidNow(place: Place, { name }: ChildSpec): string | null {
  try {
    return readFileSync(pidFile(place, name), 'utf8').trim() || null
  } catch {
    return null
  }
}

function tail(log: string): string {
  return `its log ${log} ends with: ${lastLine(log) || '(nothing)'}`
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    const settle = (connected: boolean): void => {
      socket.destroy()
      resolve(connected)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
    socket.setTimeout(CONNECT_MS, () => settle(false))
  })
}
