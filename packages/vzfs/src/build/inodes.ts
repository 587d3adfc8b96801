/** Regular files of a tree, each once: hard links are several names of one file. */

import type { Entry } from './entry.ts'

export interface RegularFile {
  readonly entry: Entry
  /** All its names in this tree, that of `entry` first. */
  readonly names: readonly string[]
  /** It has further names outside of the tree, through which it could be changed. */
  readonly reachable: boolean
}

export function regularFiles(entries: readonly Entry[]): RegularFile[] {
  const byInode = new Map<bigint, { entry: Entry; names: string[] }>()
  for (const entry of entries) {
    if (entry.kind !== 'file') continue
    const known = byInode.get(entry.inode)
    if (known) known.names.push(entry.path)
    else byInode.set(entry.inode, { entry, names: [entry.path] })
  }
  return [...byInode.values()].map(({ entry, names }) => ({ entry, names, reachable: entry.links > names.length }))
}
