/** An area's account: the project that counts everything in its private directories, and its limits there. */

import { closeSync, constants, openSync } from 'node:fs'
import { NO_QUOTA_LIMITS, type Quota } from '@insula/kernel'
import { accountsOf, IDS, isLimited } from './ids.ts'

/** Unlike an area's own id it is unlike those of every other installation on the machine, whose volume may be the same file system. */
export const projectOf = (base: number): number => Math.floor(base / IDS)

/**
 * Gives an empty directory to the account: what is made in it from now on counts. Upper and work directory have to be of one project, because
 * overlayfs renames from one to the other. False where the file system knows no projects.
 */
export function count(quota: Quota, directory: string, base: number): boolean {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    return quota.setProject(fd, projectOf(base))
  } finally {
    closeSync(fd)
  }
}

/** Takes all limits of an area's ids away, those of the users and groups inside of it too: the next area with these ids begins without. */
export function forget(quota: Quota, base: number): void {
  if (quota.kinds.has('project')) quota.setLimits('project', projectOf(base), NO_QUOTA_LIMITS)
  for (const kind of ['user', 'group'] as const) {
    if (!quota.kinds.has(kind)) continue
    for (const account of accountsOf(quota, kind, base))
      if (isLimited(account)) quota.setLimits(kind, base + account.id, NO_QUOTA_LIMITS)
  }
}
