/** One child for as long as the supervisor lives: adopted or started, started again whenever it ends, stopped on request. */

import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { restartWait } from './restart-wait.ts'

export interface Running {
  readonly pid: number
  /** Says how it ended; never rejects. */
  readonly ended: Promise<string>
}

export interface SupervisedMeans {
  readonly name: string
  readonly pidFile: string
  /** One that is running already, or null. */
  adopt(): Running | null
  start(): Running
  readonly log: (message: string) => void
}

export interface Supervised {
  /** Of the one that runs, or that ran last. */
  pid(): number | null
  /** Ends it by `signal`, or by SIGKILL when it takes longer than `patience` (milliseconds), and does not start it again. */
  stop(signal: NodeJS.Signals, patience: number): Promise<void>
}

export function supervise(means: SupervisedMeans): Supervised {
  const stopping = new AbortController()
  const stopped = new Promise<void>((resolve) => {
    stopping.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  let lastPid: number | null = null
  let alive = false

  /** A pid file is for others to read: a full disk must not end what it tells about. */
  const attempt = (write: () => void): void => {
    try {
      write()
    } catch (error) {
      means.log(`the pid file of ${means.name} is wrong now: ${(error as Error).message}`)
    }
  }
  /** From start to end. Resolves with the time that it lived. */
  const oneLife = async (running: Running): Promise<number> => {
    const since = performance.now()
    lastPid = running.pid
    alive = true
    attempt(() => writeFileSync(means.pidFile, `${running.pid}\n`))
    const how = await running.ended
    alive = false
    attempt(() => rmSync(means.pidFile, { force: true }))
    means.log(`${means.name} (${running.pid}) ${how}`)
    return performance.now() - since
  }
  const live = async (): Promise<void> => {
    let running = means.adopt()
    if (running) means.log(`${means.name} (${running.pid}) runs already and is adopted`)
    for (let apart = 0; !stopping.signal.aborted; running = null) {
      let lived = 0
      try {
        running ??= means.start()
        lived = await oneLife(running)
      } catch (error) {
        means.log(`${means.name} could not be started: ${(error as Error).message}`)
      }
      if (stopping.signal.aborted) break
      const next = restartWait(lived, apart)
      apart = next.apart
      const { wait } = next
      means.log(`${means.name} is started again ${wait === 0 ? 'at once' : `in ${wait / 1000} s`}`)
      await Promise.race([sleep(wait, undefined, { signal: stopping.signal }).catch(() => undefined), stopped])
    }
  }

  const signalIt = (name: NodeJS.Signals): void => {
    // While it is alive or not yet reaped its pid is nobody else's.
    if (alive && lastPid !== null) kill(lastPid, name)
  }

  const over = live()
  return {
    pid: () => lastPid,
    async stop(signal, patience) {
      stopping.abort()
      signalIt(signal)
      const killer = setTimeout(() => {
        means.log(`${means.name} did not stop within ${patience / 1000} s and is killed`)
        signalIt('SIGKILL')
      }, patience)
      await over
      clearTimeout(killer)
    },
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended meanwhile.
  }
}
