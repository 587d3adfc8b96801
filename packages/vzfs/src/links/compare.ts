/** How links differ from what they were. */

import type { FileCalls } from '@insula/kernel'
import { type Entry, entryPath } from '../build/entry.ts'
import { holdsData } from '../check/compare.ts'
import { type RecordedLink, readLinks } from './record.ts'

export interface LinkDifference {
  readonly path: string
  readonly problem: string
}

/** @param tree may be missing, in part or as a whole */
export function linkDifferences(files: FileCalls, tree: string, was: readonly RecordedLink[]): LinkDifference[] {
  const now = linksThere(files, tree)
  if (now === null)
    return [{ path: '', problem: `it is missing, with ${was.filter(({ kind }) => kind === 'file').length} links` }]
  const found = new Map(now.map((entry) => [entry.path, entry] as const))
  const differences: LinkDifference[] = []
  for (const link of was) {
    const { path } = link
    const entry = found.get(path)
    found.delete(path)
    const problem =
      entry === undefined ? 'it is missing' : differs(link, entry, () => holdsData(files, entryPath(Buffer.from(tree), path)))
    if (problem !== null) differences.push({ path, problem })
  }
  const extra = [...found.keys()].map((path) => ({ path, problem: 'it is no link that a relink has made' }))
  return [...differences, ...extra]
}

function linksThere(files: FileCalls, tree: string): Entry[] | null {
  try {
    return readLinks(files, tree)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

const FIELDS = ['mode', 'uid', 'gid', 'size', 'mtime'] as const

function differs(was: RecordedLink, now: Entry, holds: () => boolean): string | null {
  if (was.kind !== now.kind) return `it is a ${now.kind} instead of a ${was.kind}`
  for (const field of FIELDS) if (was[field] !== now[field]) return `${field} is ${now[field]} instead of ${was[field]}`
  if (JSON.stringify(was.xattrs) !== JSON.stringify(now.xattrs)) return 'its attributes are others'
  return was.kind === 'file' && holds() ? 'it holds data of its own' : null
}
