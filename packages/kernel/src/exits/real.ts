/**
 * Tells when a process has ended, also one that is not (or no longer) a child: pidfds in an epoll set, waited for in one worker thread.
 * pidfd_open(2), epoll(7), waitpid(2).
 */

import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { epollWait, libc, SystemCallFailed } from '../libc/libc.ts'
import type { ExitWatch, ProcessEnd } from './exits.ts'

const EPOLL_CLOEXEC = 0x80000
const EPOLL_CTL_ADD = 1
const EPOLL_CTL_DEL = 2
const EPOLLIN = 1
const WNOHANG = 1
const O_PATH = 0x200000
/** ioctl(pidfd, PIDFD_GET_INFO), kernel >= 6.13; the exit code in it since 6.15. */
const PIDFD_GET_INFO = 0xc0_40_ff_0b
const PIDFD_INFO_EXIT = 1n << 3n
/** In the ninth field of proc_pid_stat(5); linux/sched.h */
const PF_EXITING = 4
/** Longest sleep of the worker thread: it must notice dispose. */
const NAP = 1_000

export function realExitWatch(): ExitWatch {
  const epoll = libc.epollCreate1('epoll_create1', EPOLL_CLOEXEC)
  const watched = new Map<bigint, Watched>()
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
        void endOf(entry).then((end) => {
          closeSync(entry.pidfd)
          if (entry.directory !== null) closeSync(entry.directory)
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
      watched.set(key, { pid, pidfd, directory: directoryOf(pid), ended })
      libc.epollCtl('epoll_ctl(ADD)', epoll, EPOLL_CTL_ADD, pidfd, event)
      if (!waiting) void loop()
    },
    ending(pid) {
      try {
        return (Number(fieldsOf(readFileSync(`/proc/${pid}/stat`, 'latin1'))[6]) & PF_EXITING) !== 0
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

interface Watched {
  readonly pid: number
  readonly pidfd: number
  /** Its own in /proc, whoever gets its number. Null: it has ended. */
  readonly directory: number | null
  readonly ended: (end: ProcessEnd) => void
}

async function endOf({ pid, pidfd, directory }: Watched): Promise<ProcessEnd> {
  const status = [0]
  try {
    if (libc.wait4(`waitpid(${pid})`, pid, status, WNOHANG, null) === pid) return decode(pid, status[0] ?? 0)
  } catch {
    // ECHILD: it was not ours.
  }
  // Before its parent has reaped it, it tells all that its parent will be told.
  const told = directory === null ? null : statusOfZombie(directory)
  if (told !== null) return decode(pid, told)
  // After that the pidfd tells how its first thread ended, which is not that it was ended by reboot(2).
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

function directoryOf(pid: number): number | null {
  try {
    return openSync(`/proc/${pid}`, O_PATH | constants.O_DIRECTORY)
  } catch {
    return null
  }
}

/** proc_pid_stat(5), field 52, as in waitpid(2). */
function statusOfZombie(directory: number): number | null {
  try {
    const fields = fieldsOf(readFileSync(`/proc/self/fd/${directory}/stat`, 'latin1'))
    return fields[0] === 'Z' ? Number(fields[49]) : null
  } catch {
    return null
  }
}

/** From the third on: the name in the second may hold anything. */
const fieldsOf = (stat: string): string[] =>
  stat
    .slice(stat.lastIndexOf(')') + 2)
    .trimEnd()
    .split(' ')

/** wait(2)'s status word. */
function decode(pid: number, status: number): ProcessEnd {
  const signal = status & 0x7f
  return signal === 0 ? { pid, code: (status >> 8) & 0xff, signal: null } : { pid, code: null, signal }
}
