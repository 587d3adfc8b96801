/** The stubs of a tree, whatever its depth and the names in it: what relink makes has the paths that a tenant chose. */

import type { FileCalls } from '@insula/kernel'
import { METACOPY, REDIRECT } from '../build/stub.ts'
import { diskUse, type DiskUse } from '../disk-use.ts'
import { digestOfKey } from '../names.ts'

/** @returns what the tree itself takes on disk; nothing when there is none */
export function stubsBelow(files: FileCalls, tree: string, visit: (digest: string, size: number) => void): Promise<DiskUse> {
  return diskUse(tree, (path, stats) => {
    if (!stats.isFile() || files.getXattr(path, METACOPY) === null) return
    const digest = digestOfKey(files.getXattr(path, REDIRECT)?.toString('latin1') ?? '')
    if (digest !== null) visit(digest, Number(stats.size))
  })
}
