/**
 * lxcfs for all VPSs of the node: kept alive, and when it had to be started again, mounted again inside every running VPS. A dead lxcfs
 * leaves dead mounts behind (ENOTCONN on /proc/meminfo), which is why each is detached and replaced.
 */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lxcfs, LxcfsProcess, PrivateMounts } from '@insula/kernel'

export interface ProcView {
  health(): {
    readonly pid: number | null
    readonly restarts: number
    readonly healthy: boolean
    readonly files: readonly string[]
  }
  /** Which lxcfs serves: another number for each; null while none does. */
  generation(): number | null
  /** Shows its files in a VPS that was launched when another one served, or none. */
  show(pid: number): void
  stop(): Promise<void>
}

export interface ProcViewMeans {
  readonly lxcfs: Lxcfs
  readonly mounts: PrivateMounts
  readonly mountPoint: string
  readonly pidFile: string
  /** The lxcfs that an earlier keeper left running and that still serves; null when there is none. */
  readonly adopt: () => Promise<LxcfsProcess | null>
  /** SIGKILL. */
  readonly kill: (pid: number) => void
  /** Host pids of the inits that see lxcfs's files. */
  readonly viewers: () => readonly number[]
  readonly log: (message: string) => void
}

const FIRST_PAUSE = 50
const LONGEST_PAUSE = 5_000
/** One that ran so long did not fail to start. */
const STEADY_MS = 10_000
/** Between two looks whether it answers. */
const LOOK_MS = 5_000
/** So long it may take to answer on a busy node. */
export const ANSWER_MS = 3_000

/** Returns at once; lxcfs is adopted or started in the background and kept alive from then on. */
export function keepProcView(means: ProcViewMeans): ProcView {
  let restarts = 0
  let stopping = false
  let current: LxcfsProcess | null = null
  let healthy = false
  let generation = 0

  const begin = async (): Promise<LxcfsProcess> => {
    const started = await means.lxcfs.start(means.mountPoint, means.pidFile)
    generation += 1
    // Inits that were launched before, by this keeper or the one before it, look at a dead mount now.
    for (const pid of means.viewers()) show(means, pid)
    return started
  }
  /** Until it has ended. One that runs and does not answer is killed: whoever reads /proc in a VPS hangs with it. */
  const attended = async (running: LxcfsProcess): Promise<void> => {
    let over = false
    const ended = running.ended.then(() => (over = true))
    while (!over) {
      await Promise.race([ended, pauseOf(LOOK_MS)])
      if (over || stopping) continue
      healthy = await means.lxcfs.responds(means.mountPoint, ANSWER_MS)
      if (healthy || over) continue
      means.log('lxcfs does not answer and is killed')
      means.kill(running.pid)
      await Promise.race([ended, pauseOf(LOOK_MS)])
    }
  }
  const attend = async (): Promise<void> => {
    let pause = FIRST_PAUSE
    let next = means.adopt().then((found) => found ?? begin())
    while (!stopping) {
      const since = Date.now()
      try {
        current = await next
        healthy = true
        await attended(current)
        if (!stopping) means.log('lxcfs has ended; starting it again')
      } catch (error) {
        means.log(`lxcfs did not start: ${(error as Error).message}`)
      }
      current = null
      healthy = false
      if (Date.now() - since > STEADY_MS) pause = FIRST_PAUSE
      await pauseOf(pause)
      pause = Math.min(pause * 2, LONGEST_PAUSE)
      if (stopping) return
      restarts += 1
      next = begin()
    }
  }

  void attend()
  return {
    // What the last look saw: a question to a lxcfs that hangs would never be answered.
    health: () => ({ pid: current?.pid ?? null, restarts, healthy, files: healthy ? means.lxcfs.files : [] }),
    generation: () => (healthy ? generation : null),
    show: (pid) => show(means, pid),
    stop: async () => {
      stopping = true
      await means.lxcfs.stop(means.mountPoint, current?.pid ?? null)
    },
  }
}

/** It alone keeps no process alive. */
const pauseOf = (milliseconds: number): Promise<void> => sleep(milliseconds, undefined, { ref: false })

/** Puts lxcfs's files over the VPS's own, in place of what was there. A VPS that ended meanwhile is no error. */
function show(means: ProcViewMeans, pid: number): void {
  using clones = new DisposableStack()
  try {
    const files = means.lxcfs.files.map((file) => ({
      target: `/${file}`,
      clone: clones.use(means.mounts.clone(join(means.mountPoint, file))),
    }))
    using namespace = means.mounts.namespaceOf(pid)
    means.mounts.inNamespace(namespace, (calls) => {
      for (const { target, clone } of files) {
        while (calls.detach(target)) continue
        calls.attach(clone, target)
      }
    })
  } catch (error) {
    means.log(`the /proc view of the VPS with init ${pid} could not be renewed: ${(error as Error).message}`)
  }
}
