/**
 * Puts the account of an area right: everything in its private directories belongs to the area's project, whatever it was counted for before. On a
 * mounted area too, while its owner writes.
 */

import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import type { Quota } from '@insula/kernel'
import { diskUse } from '../disk-use.ts'
import { errnoOf } from '../errors.ts'
import { count, projectOf } from './account.ts'

/** Whether what is made in these directories is counted for the area. Null where the file system knows no projects. */
export function isCounted(quota: Quota, directories: readonly string[], base: number): boolean | null {
  const projects = directories.map((path) => projectAt(quota, path))
  if (projects.includes(null)) return null
  return projects.every((project) => project?.id === projectOf(base) && project.passedOn)
}

/** How many things were counted for somebody else, or for nobody. */
export async function recount(quota: Quota, directories: readonly string[], base: number): Promise<number> {
  let corrected = 0
  for (const directory of directories) {
    const before = isCounted(quota, [directory], base)
    // First: what is made meanwhile is right from the start.
    if (count(quota, directory, base) && before === false) corrected += 1
    await diskUse(directory, (path, stats) => {
      // A link or a device node cannot be opened for itself; they take no space, and one inode each.
      if ((stats.isFile() || stats.isDirectory()) && correct(quota, path, base)) corrected += 1
    })
  }
  return corrected
}

function projectAt(quota: Quota, path: string) {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    return quota.project(fd)
  } finally {
    closeSync(fd)
  }
}

function correct(quota: Quota, path: Buffer, base: number): boolean {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    // It was removed, or is something else by now, which was made in a directory that counts.
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes(errnoOf(error) ?? '')) return false
    throw error
  }
  try {
    const found = quota.project(fd)
    if (found?.id === projectOf(base) && (found.passedOn || !fstatSync(fd).isDirectory())) return false
    return quota.setProject(fd, projectOf(base))
  } finally {
    closeSync(fd)
  }
}
