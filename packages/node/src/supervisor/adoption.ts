/**
 * Finds what a killed supervisor left running. The mark is the child's environment, which no process can have by accident: unlike a pid
 * file it is there from the child's first instruction and cannot outlive it, and unlike argv it stays when the child sets its title.
 */

import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'

/** Set to the child's pid file, which tells instance and name. */
export const MARK = 'INSULA_SUPERVISED'

/** Pid of the living process with this mark, or null. */
export function findMarked(mark: string): number | null {
  const wanted = `\0${MARK}=${mark}\0`
  const namespace = readlinkSync('/proc/self/ns/pid')
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        // The environment last: a VPS's process, which is in a namespace of its own, can make the reader of its memory wait forever.
        if (statSync(`/proc/${pid}`).uid !== process.getuid?.() || readlinkSync(`/proc/${pid}/ns/pid`) !== namespace) return []
        if (!`\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(wanted)) return []
        return [{ pid: Number(pid), start: startTicks(pid) }]
      } catch {
        // It has ended meanwhile.
        return []
      }
    })
  // Between fork and exec a child of the wanted process carries the same mark; it is younger.
  return (
    found.reduce<{ pid: number; start: number } | null>(
      (oldest, each) => (oldest === null || each.start < oldest.start ? each : oldest),
      null,
    )?.pid ?? null
  )
}

/** Field 22 of /proc/PID/stat, proc_pid_stat(5); the second one is a name that may hold anything. */
function startTicks(pid: string): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
}
