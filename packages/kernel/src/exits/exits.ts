/**
 * Tells when a process has ended, also one that is not (or no longer) a child: pidfds in an epoll set, waited for in one worker thread.
 * pidfd_open(2), epoll(7), waitid(2).
 */

import { closeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { epollWait, libc, SystemCallFailed } from '../libc/libc.ts'

export interface ProcessEnd {
  readonly pid: number
  /** Both null when this process was not its parent and the kernel (< 6.15) does not tell. */
  readonly code: number | null
  /** Signal number. */
  readonly signal: number | null
}

export interface ExitWatch extends Disposable {
  /** Calls `ended` once, when the process is gone (and reaped, if it was our child). A pid that does not exist is gone. */
  watch(pid: number, ended: (end: ProcessEnd) => void): void
}

const EPOLL_CLOEXEC = 0x80000
const EPOLL_CTL_ADD = 1
const EPOLL_CTL_DEL = 2
const EPOLLIN = 1
const PR_SET_CHILD_SUBREAPER = 36
const P_ALL = 0
const WNOHANG = 1
const WEXITED = 4
const WNOWAIT = 0x1000000
/** ioctl(pidfd, PIDFD_GET_INFO), kernel >= 6.13; the exit code in it since 6.15. */
const PIDFD_GET_INFO = 0xc0_40_ff_0b
const PIDFD_INFO_EXIT = 1n << 3n
/** Longest sleep of the worker thread: it must notice dispose. */
const NAP = 1_000

/** Orphaned descendants become children of this process instead of the system's init, so that their wait status comes here. */
export function becomeSubreaper(): void {
  libc.prctl('PR_SET_CHILD_SUBREAPER', PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

export function watchExits(): ExitWatch {
  const epoll = libc.epollCreate1('epoll_create1', EPOLL_CLOEXEC)
  const watched = new Map<bigint, { pid: number; pidfd: number; ended: (end: ProcessEnd) => void }>()
  let key = 0n
  let open = true
  let waiting = false

  const loop = async (): Promise<void> => {
    waiting = true
    while (open && watched.size > 0) {
      for (const ready of await epollWait(epoll, NAP)) {
        const entry = watched.get(ready)
        if (!entry) continue
        watched.delete(ready)
        libc.epollCtl('epoll_ctl(DEL)', epoll, EPOLL_CTL_DEL, entry.pidfd, null)
        void endOf(entry.pid, entry.pidfd).then((end) => {
          closeSync(entry.pidfd)
          entry.ended(end)
        })
      }
    }
    waiting = false
    if (!open) closeSync(epoll)
  }

  return {
    watch(pid, ended) {
      let pidfd: number
      try {
        pidfd = libc.pidfdOpen(`pidfd_open(${pid})`, pid, 0)
      } catch (error) {
        if (!(error instanceof SystemCallFailed) || error.code !== 'ESRCH') throw error
        setImmediate(ended, { pid, code: null, signal: null })
        return
      }
      key += 1n
      const event = Buffer.alloc(12)
      event.writeUInt32LE(EPOLLIN, 0)
      event.writeBigUInt64LE(key, 4)
      watched.set(key, { pid, pidfd, ended })
      libc.epollCtl('epoll_ctl(ADD)', epoll, EPOLL_CTL_ADD, pidfd, event)
      if (!waiting) void loop()
    },
    [Symbol.dispose]() {
      open = false
      if (!waiting) closeSync(epoll)
    },
  }
}

async function endOf(pid: number, pidfd: number): Promise<ProcessEnd> {
  const status = [0]
  try {
    if (libc.wait4(`waitpid(${pid})`, pid, status, WNOHANG, null) === pid) return decode(pid, status[0] ?? 0)
  } catch {
    // ECHILD: it was not ours; the pidfd tells once its parent has reaped it.
  }
  for (let attempt = 0; attempt < 10; attempt++) {
    const info = Buffer.alloc(64)
    info.writeBigUInt64LE(PIDFD_INFO_EXIT, 0)
    try {
      libc.ioctl('PIDFD_GET_INFO', pidfd, PIDFD_GET_INFO, info)
    } catch {
      // An older kernel has no such call.
      break
    }
    if (info.readBigUInt64LE(0) & PIDFD_INFO_EXIT) return decode(pid, info.readInt32LE(60))
    await sleep(20)
  }
  return { pid, code: null, signal: null }
}

/** Between two looks at the same zombie: Node reaps its own children within this. */
const STRAY_MS = 50

/**
 * Reaps children that nobody waits for: what `crun exec` leaves when it fails, and what a killed runtime leaves. It matters: the end of a
 * pid namespace's init waits until every process of the namespace is reaped (zap_pid_ns_processes).
 *
 * @param mayBeOurs whether Node may have started it, and so reaps it itself; any other child is reaped at once
 */
export function reapStrays(mayBeOurs: (pid: number) => boolean = () => true): Disposable {
  let sweeping = false
  const sweep = async (): Promise<void> => {
    if (sweeping) return
    sweeping = true
    for (let pid = zombie(); pid !== 0;) {
      if (mayBeOurs(pid)) await sleep(STRAY_MS)
      const again = zombie()
      if (again === pid) libc.wait4(`waitpid(${pid})`, pid, [0], WNOHANG, null)
      pid = again === pid ? zombie() : again
    }
    sweeping = false
  }
  const onChild = (): void => void sweep()
  process.on('SIGCHLD', onChild)
  onChild()
  return { [Symbol.dispose]: () => void process.off('SIGCHLD', onChild) }
}

/** A child that has ended and is not reaped; 0 when there is none. */
function zombie(): number {
  const info = Buffer.alloc(128)
  try {
    libc.waitid('waitid', P_ALL, 0, info, WEXITED | WNOHANG | WNOWAIT, null)
  } catch {
    return 0
  }
  // si_pid of struct siginfo: three ints and padding before the union.
  return info.readInt32LE(16)
}

/** wait(2)'s status word. */
function decode(pid: number, status: number): ProcessEnd {
  const signal = status & 0x7f
  return signal === 0 ? { pid, code: (status >> 8) & 0xff, signal: null } : { pid, code: null, signal }
}
