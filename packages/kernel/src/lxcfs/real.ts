/**
 * Lxcfs on the running kernel: Debian's lxcfs 5 and 6. Several can run on one machine: all share /run/lxcfs, but each mounts what it needs below
 * it in a mount namespace of its own; only the pid file must not be the default one.
 */

import { mkdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { libc, SystemCallFailed } from '../libc/libc.ts'
import { startService } from '../process/service.ts'
import type { Lxcfs, LxcfsProcess } from './lxcfs.ts'

const FILES = ['cpuinfo', 'diskstats', 'loadavg', 'meminfo', 'stat', 'swaps', 'uptime'].map((name) => `proc/${name}`)
const MNT_DETACH = 2
const START_MS = 10_000
const ANSWER_MS = 1_000
const END_MS = 2_000
const POLL_MS = 10

export function realLxcfs(): Lxcfs {
  return { files: [...FILES, 'sys/devices/system/cpu'], start, alive, responds, stop }
}

async function start(mountPoint: string, pidFile: string): Promise<LxcfsProcess> {
  unmount(mountPoint)
  mkdirSync(mountPoint, { recursive: true })
  // -l and --enable-cfs: load average and CPU count.
  // Read-only as a whole: lxcfs passes what is written below sys/devices/system/cpu on to the node's own sysfs, as root. A tenant who can
  // write there switches the node's CPUs off.
  const lxcfs = startService(['lxcfs', '-f', '-l', '--enable-cfs', '-o', 'ro,allow_other', `--pidfile=${pidFile}`, mountPoint], {
    log: `${pidFile}.log`,
  })
  let ended = false
  const end = lxcfs.ended.then(() => void (ended = true))
  for (const deadline = Date.now() + START_MS; !(await responds(mountPoint, ANSWER_MS)); await sleep(POLL_MS)) {
    if (!ended && Date.now() < deadline) continue
    await stop(mountPoint, ended ? null : lxcfs.pid)
    throw new Error(`lxcfs did not come up on ${mountPoint}: ${lastLine(`${pidFile}.log`) || (ended ? 'it ended' : 'no answer')}`)
  }
  return { pid: lxcfs.pid, ended: end }
}

const probe = (mountPoint: string): string => join(mountPoint, 'proc/uptime')

function alive(mountPoint: string): boolean {
  try {
    return readFileSync(probe(mountPoint)).length > 0
  } catch {
    return false
  }
}

/** The read is left behind in its worker thread when no answer comes; it ends with lxcfs. */
async function responds(mountPoint: string, milliseconds: number): Promise<boolean> {
  const done = new AbortController()
  const read = readFile(probe(mountPoint)).then(
    (bytes) => bytes.length > 0,
    () => false,
  )
  const late = sleep(milliseconds, false, { signal: done.signal }).catch(() => false)
  return Promise.race([read, late]).finally(() => done.abort())
}

async function stop(mountPoint: string, pid: number | null): Promise<void> {
  if (pid !== null) {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      for (const deadline = Date.now() + END_MS; isLxcfs(pid) && Date.now() < deadline; await sleep(POLL_MS)) send(pid, signal)
    }
  }
  unmount(mountPoint)
}

/** The number may have been given to somebody else meanwhile; a zombie has ended. */
function isLxcfs(pid: number): boolean {
  try {
    return /^\d+ \(lxcfs\) [^ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended meanwhile.
  }
}

/** A FUSE mount outlives its killed server, and mounts can lie on top of each other. */
function unmount(mountPoint: string): void {
  for (;;) {
    try {
      libc.umount2(`unmount ${mountPoint}`, mountPoint, MNT_DETACH)
    } catch (error) {
      if (error instanceof SystemCallFailed && (error.code === 'EINVAL' || error.code === 'ENOENT')) return
      throw error
    }
  }
}

function lastLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? ''
  } catch {
    return ''
  }
}
