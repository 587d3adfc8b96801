/**
 * Tells when a process has ended, also one that is not (or no longer) a child: pidfds in an epoll set, waited for in one worker thread.
 * pidfd_open(2), epoll(7), waitpid(2).
 */

import { closeSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { epollWait, libc, SystemCallFailed } from '../libc/libc.ts'
import type { ExitWatch, ProcessEnd } from './exits.ts'

const EPOLL_CLOEXEC = 0x80000
const EPOLL_CTL_ADD = 1
const EPOLL_CTL_DEL = 2
const EPOLLIN = 1
const WNOHANG = 1
/** ioctl(pidfd, PIDFD_GET_INFO), kernel >= 6.13; the exit code in it since 6.15. */
const PIDFD_GET_INFO = 0xc0_40_ff_0b
const PIDFD_INFO_EXIT = 1n << 3n
/** In the ninth field of proc_pid_stat(5); linux/sched.h */
const PF_EXITING = 4
/** Longest sleep of the worker thread: it must notice dispose. */
const NAP = 1_000

export function realExitWatch(): ExitWatch {
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
    ending(pid) {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        return (Number(fields[6]) & PF_EXITING) !== 0
      } catch {
        return true
      }
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

/** wait(2)'s status word. */
function decode(pid: number, status: number): ProcessEnd {
  const signal = status & 0x7f
  return signal === 0 ? { pid, code: (status >> 8) & 0xff, signal: null } : { pid, code: null, signal }
}
