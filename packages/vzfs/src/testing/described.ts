/** A tree as text to compare: everything that a copy has to keep, of trees deeper than a path can be too. */

import { createHash } from 'node:crypto'
import { closeSync, constants, lstatSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { shiftId, type IdShift, shiftXattr } from '../copy/shift.ts'

/** By path, latin1. @param shift as it would be after it */
export function described(files: FileCalls, root: string, shift: IdShift | null = null): Map<string, string> {
  const found = new Map<string, string>()
  const firstNames = new Map<bigint, string>()
  const visit = (place: string, path: string): void => {
    const at = (name: string): Buffer => Buffer.from(`${place}${name}`, 'latin1')
    const stats = lstatSync(at(''), { bigint: true })
    const xattrs = files
      .listXattrs(at(''))
      .filter((name) => !name.startsWith('trusted.SGI_ACL_'))
      .map((name) => `${name}=${shiftXattr(shift, name, files.getXattr(at(''), name) ?? Buffer.of()).toString('hex')}`)
    const parts = [
      stats.mode.toString(8),
      shiftId(shift, Number(stats.uid)),
      shiftId(shift, Number(stats.gid)),
      stats.rdev,
      stats.mtimeNs,
      ...xattrs,
    ]
    if (!stats.isDirectory()) {
      parts.push(stats.size, stats.nlink)
      // To read a link or a directory changes its time of access.
      if (!stats.isSymbolicLink()) parts.push(stats.atimeNs)
      if (stats.nlink > 1n) parts.push(firstNames.get(stats.ino) ?? firstNames.set(stats.ino, path).get(stats.ino) ?? '')
    }
    if (stats.isSymbolicLink()) parts.push(readlinkSync(at(''), { encoding: 'buffer' }).toString('latin1'))
    if (stats.isFile()) parts.push(...contentsOf(files, at('')))
    found.set(path, parts.join(' '))
    if (!stats.isDirectory()) return
    const fd = openSync(at(''), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW | constants.O_NOATIME)
    try {
      parts.push(files.inodeFlags(fd) & KEPT)
      found.set(path, parts.join(' '))
      for (const name of readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' }).toSorted(Buffer.compare))
        visit(`/proc/self/fd/${fd}/${name.toString('latin1')}`, `${path}/${name.toString('latin1')}`)
    } finally {
      closeSync(fd)
    }
  }
  visit(root.startsWith('/') ? root : `./${root}`, '')
  return found
}

const KEPT = 0x20 | 0x40 | 0x80

/** Digest, where its data lies, flags. */
function contentsOf(files: FileCalls, path: Buffer): (string | number)[] {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NOATIME)
  try {
    const digest = createHash('sha256').update(readFileSync(fd)).digest('hex')
    const pieces: string[] = []
    for (let start = files.nextData(fd, 0); start !== null;) {
      const end = files.nextHole(fd, start)
      pieces.push(`${start}-${end}`)
      start = files.nextData(fd, end)
    }
    return [digest, pieces.join(), files.inodeFlags(fd) & KEPT]
  } finally {
    closeSync(fd)
  }
}
