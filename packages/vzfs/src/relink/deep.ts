/** Directories whose paths are too long for one call: entered through open directories, one at a time. */

import { closeSync, constants, lstatSync, openSync, readdirSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { isMetacopy, redirectOf } from './marks.ts'

/** Whether nothing in there is found in a lower layer by another name than its own. */
export function needsNothingBelow(files: FileCalls, directory: Buffer): boolean {
  if (redirectOf(files, directory) !== null) return false
  let here = openDirectory(directory)
  try {
    const levels: Buffer[][] = []
    for (let pending = look(files, here); pending !== null;) {
      const name = pending.pop()
      if (name !== undefined) {
        here = moved(here, name)
        levels.push(pending)
        pending = look(files, here)
        continue
      }
      const above = levels.pop()
      if (above === undefined) return true
      here = moved(here, Buffer.from('..'))
      pending = above
    }
    return false
  } finally {
    closeSync(here)
  }
}

/** Directories in it; null when something in it depends on more than its name. */
function look(files: FileCalls, fd: number): Buffer[] | null {
  const directories: Buffer[] = []
  for (const name of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' })) {
    const path = inside(fd, name)
    const stats = lstatSync(path)
    if (stats.isDirectory()) directories.push(name)
    else if (!stats.isFile() || !isMetacopy(files, path)) continue
    if (redirectOf(files, path) !== null) return null
  }
  return directories
}

function moved(fd: number, name: Buffer): number {
  const next = openDirectory(inside(fd, name))
  closeSync(fd)
  return next
}

const inside = (fd: number, name: Buffer): Buffer => Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), name])

const openDirectory = (path: Buffer): number => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
