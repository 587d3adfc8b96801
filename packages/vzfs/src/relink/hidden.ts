/**
 * Where an area would not show what other layers bring: something of its own lies there. Where nothing does, moving it to them is as if all had been
 * done in it that was done where they were made.
 */

import type { FileCalls } from '@insula/kernel'
import { entryPath, readablePath } from '../build/entry.ts'
import type { Obstacle } from '../errors.ts'
import { parentOf } from '../from-area/differ.ts'
import { isBelow } from '../from-area/touched.ts'
import type { RecordedEntry } from '../references/layer-record.ts'
import { statOrNull } from './lower.ts'
import { isOpaque, isWhiteout, OPAQUE, redirectOf } from './marks.ts'

type Root = ReadonlyMap<string, RecordedEntry>

/** @param trees of the area: its upper directory, its links @param before, after records of its layers, top first */
export function hidden(
  files: FileCalls,
  trees: readonly Buffer[],
  before: readonly (readonly RecordedEntry[])[],
  after: readonly (readonly RecordedEntry[])[],
): Obstacle[] {
  const [old, now] = [rootOf(before), rootOf(after)]
  const changed = new Set([...old.keys(), ...now.keys()].filter((path) => path !== '' && !isSame(old.get(path), now.get(path))))
  return [...changed]
    .filter((path) => trees.some((tree) => covers(files, tree, path)))
    .map((path) => ({ path: `/${readablePath(path)}`, why: 'has been changed here, and the new layers have another' }))
}

/** What layers show without an area. */
function rootOf(layers: readonly (readonly RecordedEntry[])[]): Root {
  let root = new Map<string, RecordedEntry>()
  for (const entries of layers.toReversed()) {
    const own = new Set(entries.map(({ path }) => path))
    const hides = new Set(entries.filter((entry) => entry.kind !== 'directory' || isMarked(entry)).map(({ path }) => path))
    root = new Map([...root].filter(([path]) => !own.has(path) && !isBelow(hides, parentOf(path))))
    for (const entry of entries) if (!(entry.kind === 'character' && entry.device === 0)) root.set(entry.path, entry)
  }
  return root
}

const isMarked = ({ xattrs }: RecordedEntry): boolean => xattrs.some(([name]) => name === OPAQUE)

/** But for times: what is hidden then is as the area knew it, and it shows a time of its own anyhow. */
function isSame(one: RecordedEntry | undefined, other: RecordedEntry | undefined): boolean {
  if (one === undefined || other === undefined || one.kind !== other.kind) return false
  const told = ({ path: _path, mtime: _mtime, xattrs, ...rest }: RecordedEntry) => ({
    ...rest,
    xattrs: xattrs.filter(([name]) => name !== OPAQUE),
  })
  return JSON.stringify(told(one)) === JSON.stringify(told(other))
}

function covers(files: FileCalls, tree: Buffer, path: string): boolean {
  const names = path.split('/')
  for (let depth = 1; depth <= names.length; depth++) {
    const at = entryPath(tree, names.slice(0, depth).join('/'))
    const stats = statOrNull(at)
    if (stats === null) return false
    if (isWhiteout(stats) || !stats.isDirectory() || isOpaque(files, at) || redirectOf(files, at) !== null) return true
  }
  return true
}
