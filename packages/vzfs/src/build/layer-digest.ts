/** One SHA-256 for a whole layer: over the sorted list of its paths, their metadata, and the digests of their contents. */

import { createHash } from 'node:crypto'
import type { Entry } from './entry.ts'

/** @param contents digest of each regular file by its inode */
export function layerDigest(entries: readonly Entry[], contents: ReadonlyMap<bigint, string>): string {
  const state = createHash('sha256')
  const firstName = new Map<bigint, string>()
  for (const entry of entries) {
    // Which names are one file is part of the tree; inode numbers are not.
    const first = entry.links > 1 ? (firstName.get(entry.inode) ?? entry.path) : entry.path
    firstName.set(entry.inode, first)
    const { path, kind, mode, uid, gid, size, device, target, xattrs } = entry
    const known = contents.get(entry.inode) ?? ''
    // JSON keeps the fields apart whatever bytes are in them.
    state.update(
      `${JSON.stringify([path, first, kind, mode, uid, gid, size, `${entry.mtime}`, device, target, xattrs, known])}\n`,
    )
  }
  return state.digest('hex')
}
