/** Whether a volume takes project numbers at all: ext4 without its "project" feature tells them, all zero, and refuses to set one. */

import { closeSync, constants, openSync } from 'node:fs'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Quota } from '@insula/kernel'
import { count } from './account.ts'
import { IDS } from './ids.ts'

/** @param scratch directory of the volume where one may be made to try it with */
export async function takesProjects(quota: Quota, scratch: string): Promise<boolean> {
  const trial = await mkdtemp(join(scratch, 'project.'))
  try {
    return count(quota, trial, IDS)
  } finally {
    await rmdir(trial)
  }
}

/** Whether the directory belongs to a project, whichever. False where it cannot be opened. */
export function hasProject(quota: Quota, directory: string): boolean {
  try {
    const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    try {
      return (quota.project(fd)?.id ?? 0) !== 0
    } finally {
      closeSync(fd)
    }
  } catch {
    return false
  }
}
