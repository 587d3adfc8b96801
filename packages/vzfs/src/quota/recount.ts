/**
 * Puts the account of an area right: everything in its private directories belongs to the area's project, whatever it was counted for before. On a
 * mounted area too, while its owner writes.
 */

import { type BigIntStats, closeSync, constants, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
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
      if (canBeAsked(stats) && correct(quota, path, base)) corrected += 1
    })
  }
  return corrected
}

/** The path of something that a recount would correct; null when there is nothing. */
export async function uncountedIn(quota: Quota, directories: readonly string[], base: number): Promise<string | null> {
  for (const directory of directories) {
    let first = belongs(quota, Buffer.from(directory), base) ? null : directory
    await diskUse(directory, (path, stats, relative) => {
      if (first !== null || !canBeAsked(stats) || belongs(quota, path, base)) return
      first = join(directory, Buffer.from(relative, 'latin1').toString())
    })
    if (first !== null) return first
  }
  return null
}

/** A link or a device node cannot be opened for itself; they take no space, and one inode each. */
const canBeAsked = (stats: BigIntStats): boolean => stats.isFile() || stats.isDirectory()

function projectAt(quota: Quota, path: string) {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    return quota.project(fd)
  } finally {
    closeSync(fd)
  }
}

function correct(quota: Quota, path: Buffer, base: number): boolean {
  const corrected = opened(path, (fd) => !isOf(quota, fd, base) && quota.setProject(fd, projectOf(base)))
  return corrected ?? false
}

const belongs = (quota: Quota, path: Buffer, base: number): boolean => opened(path, (fd) => isOf(quota, fd, base)) ?? true

function isOf(quota: Quota, fd: number, base: number): boolean {
  const found = quota.project(fd)
  return found?.id === projectOf(base) && (found.passedOn || !fstatSync(fd).isDirectory())
}

/** Null: it was removed, or is something else by now, which was made in a directory that counts. */
function opened<T>(path: Buffer, body: (fd: number) => T): T | null {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes(errnoOf(error) ?? '')) return null
    throw error
  }
  try {
    return body(fd)
  } finally {
    closeSync(fd)
  }
}
