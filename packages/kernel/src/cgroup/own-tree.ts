/**
 * The v2 tree on a legacy host, where nobody has mounted it: mounted on a directory of ours, so that the machine's own cgroup mounts stay as
 * they are. It has no controllers there (v1 holds them all) and serves only to delegate groups.
 */

import { mkdirSync } from 'node:fs'
import { libc, SystemCallFailed } from '../libc/libc.ts'

const NO_SUID_NO_DEV_NO_EXEC = 2 | 4 | 8

export function mountOwnTree(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o755 })
  libc.mount(`mount the v2 tree on ${directory}`, 'cgroup2', directory, 'cgroup2', NO_SUID_NO_DEV_NO_EXEC, null)
}

/** Idempotent. */
export function unmountOwnTree(directory: string): void {
  try {
    libc.umount2(`unmount ${directory}`, directory, 0)
  } catch (error) {
    if (!(error instanceof SystemCallFailed) || (error.code !== 'EINVAL' && error.code !== 'ENOENT')) throw error
  }
}
