/** How a directory of an area is seen. */

import type { FileCalls } from '@insula/kernel'
import { type Entry, entryPath, readablePath } from '../build/entry.ts'
import { readEntry } from '../build/scan.ts'
import { type LowerNeed, statOrNull } from './lower.ts'
import { OVERLAY } from './marks.ts'
import type { Directory } from './walk.ts'

/** Upper's is what is seen where there is one; the twin then has its owner and mode only because nothing speaks for others. */
export function twinEntry(
  files: FileCalls,
  { links }: LowerNeed,
  upper: Buffer,
  { path, upper: stats, place }: Directory,
): Entry {
  if (stats !== null) return { ...readEntry(files, upper, path, stats), xattrs: [] }
  const own = place.own ?? ''
  const found = statOrNull(entryPath(links ?? upper, own))
  if (found === null) throw new Error(`${readablePath(own)} of the links is gone`)
  return { ...withoutMarks(readEntry(files, links ?? upper, own, found)), path }
}

/** @param kept that one all the same */
export const withoutMarks = (entry: Entry, kept?: string): Entry => ({
  ...entry,
  xattrs: entry.xattrs.filter(([name]) => !name.startsWith(OVERLAY) || name === kept),
})
