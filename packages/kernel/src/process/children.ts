/**
 * Waits for children that Node did not start and so does not know. SIGCHLD tells that some child has ended; each is then asked by its own pid, so
 * that nobody else's child is touched. wait(2)
 */

import { constants } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import { libc } from '../libc/libc.ts'

export interface ChildEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const WNOHANG = 1
/** Workers are not told of signals. In the main thread this keeps the process alive while a child runs, and makes up for a lost signal. */
const LOOK_MS = isMainThread ? 1_000 : 5

const waiting = new Map<number, (end: ChildEnd) => void>()
let timer: NodeJS.Timeout | null = null

/** How a child that was just started ends. Both null when somebody else has reaped it. */
export function endOfChild(pid: number): Promise<ChildEnd> {
  return new Promise((resolve) => {
    waiting.set(pid, resolve)
    if (timer !== null) return
    timer = setInterval(look, LOOK_MS)
    process.on('SIGCHLD', look)
    // It may have ended before anybody listened.
    setImmediate(look)
  })
}

function look(): void {
  for (const [pid, resolve] of waiting) {
    const end = ask(pid)
    if (end === null) continue
    waiting.delete(pid)
    resolve(end)
  }
  if (waiting.size > 0 || timer === null) return
  clearInterval(timer)
  timer = null
  process.off('SIGCHLD', look)
}

/** null: it runs. */
function ask(pid: number): ChildEnd | null {
  const status = [0]
  try {
    if (libc.wait4(`waitpid(${pid})`, pid, status, WNOHANG, null) !== pid) return null
  } catch {
    return { code: null, signal: null }
  }
  const word = status[0] ?? 0
  const signal = word & 0x7f
  return signal === 0 ? { code: (word >> 8) & 0xff, signal: null } : { code: null, signal: nameOf(signal) }
}

function nameOf(signal: number): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, number]) => number === signal)
  return found ? (found[0] as NodeJS.Signals) : null
}
