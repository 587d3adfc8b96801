/** Whether a volume takes project numbers at all: ext4 without its "project" feature tells them, all zero, and refuses to set one. */

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
