/** Lxcfs on the running kernel: Debian's lxcfs 5 and 6. */

import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { libc, SystemCallFailed } from '../libc/libc.ts'
import { startService } from '../process/service.ts'
import type { Lxcfs, LxcfsProcess } from './lxcfs.ts'

const FILES = ['cpuinfo', 'diskstats', 'loadavg', 'meminfo', 'stat', 'swaps', 'uptime'].map((name) => `proc/${name}`)
const MNT_DETACH = 2
const START_MS = 10_000
const POLL_MS = 10

export function realLxcfs(): Lxcfs {
  return { files: [...FILES, 'sys/devices/system/cpu'], start, alive, stop }
}

async function start(mountPoint: string, pidFile: string): Promise<LxcfsProcess> {
  unmountDead(mountPoint)
  mkdirSync(mountPoint, { recursive: true })
  // The pid file by name: the default one would be shared by every lxcfs of the machine. -l and --enable-cfs: load average and CPU count.
  const lxcfs = startService(['lxcfs', '-f', '-l', '--enable-cfs', `--pidfile=${pidFile}`, mountPoint], { log: `${pidFile}.log` })
  let ended = false
  void lxcfs.ended.then(() => (ended = true))
  for (const deadline = Date.now() + START_MS; !alive(mountPoint); await sleep(POLL_MS)) {
    if (!ended && Date.now() < deadline) continue
    await stop(mountPoint, ended ? null : lxcfs.pid)
    throw new Error(`lxcfs did not come up on ${mountPoint}: ${lastLine(`${pidFile}.log`) || (ended ? 'it ended' : 'no answer')}`)
  }
  return { pid: lxcfs.pid, ended: lxcfs.ended.then(() => undefined) }
}

function alive(mountPoint: string): boolean {
  try {
    return readFileSync(join(mountPoint, 'proc/uptime')).length > 0
  } catch {
    return false
  }
}

async function stop(mountPoint: string, pid: number | null): Promise<void> {
  if (pid !== null) {
    try {
      process.kill(pid, 'SIGTERM')
    } catch {
      // It ended meanwhile.
    }
  }
  for (const deadline = Date.now() + 2_000; alive(mountPoint) && Date.now() < deadline;) await sleep(POLL_MS)
  unmountDead(mountPoint)
}

/** A FUSE mount outlives its killed server, and mounts can lie on top of each other. */
function unmountDead(mountPoint: string): void {
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
