/**
 * The regular files that a root shows, without mounting it: layers laid over each other as overlayfs does. Whiteouts hide, opaque directories hide what is
 * below, a directory or file that was renamed shows what its redirect names, a metadata copy has its contents from below.
 */

import type { BigIntStats } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { METACOPY, REDIRECT } from '../build/stub.ts'
import { diskUse } from '../disk-use.ts'
import { digestOfKey } from '../names.ts'
import type { RecordedEntry } from '../references/layer-record.ts'

export interface VisibleFile {
  /** Of a further name of the same file: 0. */
  readonly size: number
  /** Of contents in the pool, or of a small file's; null for private bytes. */
  readonly digest: string | null
}

export type Visible = ReadonlyMap<string, VisibleFile>

interface Upper {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'whiteout' | 'other'
  readonly size: number
  readonly digest: string | null
  readonly opaque: boolean
  readonly metacopy: boolean
  readonly redirect: string | null
}

const OPAQUE = 'trusted.overlay.opaque'

/** @param layers top first */
export function visibleIn(layers: readonly (readonly RecordedEntry[])[]): Visible {
  return layers.toReversed().reduce<Visible>((below, entries) => {
    const onto = layOver(below)
    for (const entry of entries) onto.add(recorded(entry))
    return onto.result
  }, new Map())
}

/** With a tree of an area on top. */
export async function withTree(files: FileCalls, below: Visible, tree: string): Promise<Visible> {
  const onto = layOver(below)
  const seen = new Set<bigint>()
  await diskUse(tree, (path, stats, relative) => {
    const again = stats.nlink > 1n && !stats.isDirectory() && seen.has(stats.ino)
    seen.add(stats.ino)
    onto.add(found(files, path, stats, relative, again))
  })
  return onto.result
}

function layOver(below: Visible) {
  const result = new Map(below)
  let keys: string[] | null = null
  /** Where what is in a directory has its lower part; null: nowhere. */
  const lowers = new Map<string, string | null>([['', '']])
  const inside = (directory: string): string[] => {
    keys ??= [...below.keys()].sort()
    const start = firstAtLeast(keys, `${directory}/`)
    return keys.slice(start, firstAtLeast(keys, `${directory}0`))
  }
  const hide = (path: string): void => {
    for (const key of inside(path)) result.delete(key)
  }
  const lowerOf = ({ path, redirect }: Upper): string | null => {
    if (redirect?.startsWith('/')) return redirect.slice(1)
    const cut = path.lastIndexOf('/')
    const parent = lowers.get(cut < 0 ? '' : path.slice(0, cut)) ?? null
    return parent === null ? null : join(parent, redirect ?? path.slice(cut + 1))
  }
  return {
    result: result as Visible,
    add(upper: Upper): void {
      const { path, kind, size, opaque, metacopy, redirect } = upper
      if (path === '') return
      const lower = lowerOf(upper)
      if (kind === 'directory') {
        result.delete(path)
        lowers.set(path, opaque ? null : lower)
        if (opaque || redirect !== null) hide(path)
        if (redirect !== null && lower !== null && !opaque)
          for (const key of inside(lower)) result.set(path + key.slice(lower.length), below.get(key) ?? { size: 0, digest: null })
        return
      }
      hide(path)
      result.delete(path)
      if (kind !== 'file') return
      const shared = metacopy && upper.digest === null && lower !== null ? (below.get(lower)?.digest ?? null) : upper.digest
      result.set(path, { size, digest: shared })
    },
  }
}

const join = (parent: string, name: string): string => (parent === '' ? name : `${parent}/${name}`)

function firstAtLeast(sorted: readonly string[], wanted: string): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? '') < wanted) low = middle + 1
    else high = middle
  }
  return low
}

function recorded({ path, first, kind, size, device, xattrs, digest }: RecordedEntry): Upper {
  const whiteout = kind === 'character' && device === 0
  const opaque = xattrs.some(([name, value]) => name === OPAQUE && value === 'y')
  const shape = kind === 'file' || kind === 'directory' ? kind : whiteout ? 'whiteout' : 'other'
  return { path, kind: shape, size: first === path ? size : 0, digest, opaque, metacopy: false, redirect: null }
}

function found(files: FileCalls, path: Buffer, stats: BigIntStats, relative: string, again: boolean): Upper {
  const text = (name: string): string | null => files.getXattr(path, name)?.toString('latin1') ?? null
  const nothing = { path: relative, size: 0, digest: null, opaque: false, metacopy: false, redirect: null }
  if (stats.isDirectory()) return { ...nothing, kind: 'directory', opaque: text(OPAQUE) === 'y', redirect: text(REDIRECT) }
  if (stats.isCharacterDevice() && stats.rdev === 0n) return { ...nothing, kind: 'whiteout' }
  if (!stats.isFile()) return { ...nothing, kind: 'other' }
  const metacopy = text(METACOPY) !== null
  const redirect = metacopy ? text(REDIRECT) : null
  const digest = digestOfKey(redirect ?? '')
  return {
    ...nothing,
    kind: 'file',
    size: again ? 0 : Number(stats.size),
    metacopy,
    digest,
    redirect: digest === null ? redirect : null,
  }
}
