/**
 * /proc/mounts of a VPS that has quota: the table that the kernel has for the reader, in which the root file system looks as tools for quota want it, an
 * XFS with usrquota and grpquota on a device. It is one, below the overlay.
 */

import { readLines } from '@insula/kernel'
import { ROOT_DEVICE } from '../keeper/launch.ts'

export interface ShownKinds {
  readonly user: boolean
  readonly group: boolean
}

/** Options that are not those of overlayfs itself. mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS" */
const GENERAL = new Set(
  'rw ro sync dirsync mand lazytime nosuid nodev noexec noatime nodiratime relatime strictatime nosymfollow'.split(' '),
)

/** @param table as in proc_pid_mounts(5) */
export function withQuota(table: string, kinds: ShownKinds): string {
  if (!kinds.user && !kinds.group) return table
  return table
    .split('\n')
    .map((line) => {
      const [source, target, type, options = '', ...rest] = line.split(' ')
      if (source !== 'vzfs' || target !== '/' || type !== 'overlay') return line
      const shown = options.split(',').filter((option) => GENERAL.has(option))
      const quota = [...(kinds.user ? ['usrquota'] : []), ...(kinds.group ? ['grpquota'] : [])]
      return [ROOT_DEVICE, target, 'xfs', [...shown, ...quota].join(','), ...rest].join(' ')
    })
    .join('\n')
}

/** A longer table is cut off: what is made of it is made anew for each part that somebody reads, while all others wait. */
const MOST = 1024 * 1024

/** Of the reader; of init where the reader cannot be seen. @throws when init is gone too */
export function mountTableOf(pid: number, init: number): string {
  try {
    if (pid > 0) return readLines(`/proc/${pid}/mounts`, MOST)
  } catch {
    // It has died: nobody gets the answer.
  }
  return readLines(`/proc/${init}/mounts`, MOST)
}
