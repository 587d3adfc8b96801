/** The care for processes whose parents have gone. prctl(2), waitid(2). */

import { setTimeout as sleep } from 'node:timers/promises'
import { libc } from '../libc/libc.ts'

const PR_SET_CHILD_SUBREAPER = 36
const P_ALL = 0
const WNOHANG = 1
const WEXITED = 4
const WNOWAIT = 0x1000000

/** Orphaned descendants become children of this process instead of the system's init, so that their wait status comes here. */
export function becomeSubreaper(): void {
  libc.prctl('PR_SET_CHILD_SUBREAPER', PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
}

/** Between two looks at the same zombie: Node reaps its own children within this. */
const STRAY_MS = 50

/**
 * Reaps children that nobody waits for: what `crun exec` leaves when it fails, and what a killed runtime leaves. It matters: the end of a
 * pid namespace's init waits until every process of the namespace is reaped (zap_pid_ns_processes).
 *
 * @param mayBeOurs whether Node may have started it, and so reaps it itself
 * @param untilSeen milliseconds for which any other child is left as it is, so that who watches it can see how it ended
 */
export function reapStrays(mayBeOurs: (pid: number) => boolean = () => true, untilSeen = 0): Disposable {
  let sweeping = false
  const sweep = async (): Promise<void> => {
    if (sweeping) return
    sweeping = true
    for (let pid = zombie(); pid !== 0;) {
      await sleep(mayBeOurs(pid) ? STRAY_MS : untilSeen)
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
