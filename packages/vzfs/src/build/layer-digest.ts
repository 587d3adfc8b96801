/** One SHA-256 for a whole layer: over the sorted list of its paths, their metadata, and the digests of their contents. */

import { createHash } from 'node:crypto'
import type { Entry } from './entry.ts'

export function digestOfLines(lines: readonly string[]): string {
  const state = createHash('sha256')
  for (const line of lines) state.update(`${line}\n`)
  return state.digest('hex')
}

/**
 * What the digest is made of, a line for each entry.
 * @param contents digest of each regular file by its inode
 */
export function layerLines(entries: readonly Entry[], contents: ReadonlyMap<bigint, string>): string[] {
  const firstName = new Map<bigint, string>()
  return entries.map((entry) => {
    // Which names are one file is part of the tree; inode numbers are not.
    const first = entry.links > 1 ? (firstName.get(entry.inode) ?? entry.path) : entry.path
    firstName.set(entry.inode, first)
    const { path, kind, mode, uid, gid, size, device, target, xattrs } = entry
    const known = contents.get(entry.inode) ?? ''
    // JSON keeps the fields apart whatever bytes are in them.
    return JSON.stringify([path, first, kind, mode, uid, gid, size, `${entry.mtime}`, device, target, xattrs, known])
  })
}
