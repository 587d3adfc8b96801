/**
 * The regular files that a root shows, without mounting it: layers laid over each other as overlayfs does. Whiteouts hide, opaque directories hide what is
 * below, a directory or file that was renamed shows what its redirect names, a metadata copy has its contents from below.
 *
 * Kept as directories with names and never as paths: those of a tenant's directories in one another would be longer together than memory is.
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

/** By name, latin1. What a root shows of a layer unchanged is the layer's own. */
export type Visible = ReadonlyMap<string, VisibleFile | Shown>
/** A type of its own only because one cannot be made of itself. */
interface Shown extends Visible {}

export interface Sum {
  files: number
  bytes: number
}

interface Upper {
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
    const onto = layOver(below, '')
    // A directory comes before what is in it.
    for (const entry of entries) {
      const cut = entry.path.lastIndexOf('/')
      if (entry.path !== '')
        onto.add(entry.path.slice(0, Math.max(0, cut)), entry.path.slice(cut + 1), entry.path, recorded(entry))
    }
    return onto.result
  }, new Map())
}

/**
 * With a tree of an area on top.
 * @param loose adds up files with private bytes, which are in the result as nothing then: a tenant has as many as he likes
 */
export async function withTree(files: FileCalls, below: Visible, tree: string, loose?: Sum): Promise<Visible> {
  let onto: ReturnType<typeof layOver<bigint>> | null = null
  const seen = new Set<bigint>()
  await diskUse(tree, (path, stats, _relative, directory) => {
    // The first that is seen is in the tree's own directory.
    onto ??= layOver(below, directory)
    const again = stats.nlink > 1n && !stats.isDirectory() && seen.has(stats.ino)
    if (stats.nlink > 1n) seen.add(stats.ino)
    const text = path.toString('latin1')
    onto.add(directory, text.slice(text.lastIndexOf('/') + 1), stats.ino, found(files, path, stats, again), loose)
  })
  return (onto as ReturnType<typeof layOver<bigint>> | null)?.result ?? below
}

/** Each as often as it is shown. */
export function* filesIn(visible: Visible): Generator<VisibleFile> {
  const pending = [visible]
  for (let next = pending.pop(); next !== undefined; next = pending.pop())
    for (const one of next.values()) {
      if (isDirectory(one)) pending.push(one)
      else yield one
    }
}

const isDirectory = (one: VisibleFile | Visible | undefined): one is Visible => one instanceof Map

/** @param top the key of the layer's own directory */
function layOver<Key>(below: Visible, top: Key) {
  const result = new Map(below)
  /** Directories of the layer: what they show, and what they lie over; null: nothing. */
  const places = new Map<Key, { readonly shown: Map<string, VisibleFile | Shown>; readonly lower: Visible | null }>([
    [top, { shown: result, lower: below }],
  ])
  const lowerOf = (lower: Visible | null, name: string, { redirect }: Upper): VisibleFile | Visible | undefined => {
    if (redirect?.startsWith('/') !== true) return lower?.get(redirect ?? name)
    let here: VisibleFile | Visible | undefined = below
    for (const part of redirect.slice(1).split('/')) here = isDirectory(here) ? here.get(part) : undefined
    return here
  }
  return {
    result: result as Visible,
    /** @param self by which the parent of what lies in it is given */
    add(parent: Key, name: string, self: Key, upper: Upper, loose?: Sum): void {
      const place = places.get(parent)
      if (place === undefined) return
      const under = lowerOf(place.lower, name, upper)
      if (upper.kind === 'directory') {
        const lower = upper.opaque || !isDirectory(under) ? null : under
        const shown = new Map(lower ?? [])
        place.shown.set(name, shown)
        places.set(self, { shown, lower })
        return
      }
      place.shown.delete(name)
      if (upper.kind !== 'file') return
      const { size, metacopy } = upper
      const digest = metacopy && upper.digest === null && under !== undefined && !isDirectory(under) ? under.digest : upper.digest
      if (loose === undefined || digest !== null) return void place.shown.set(name, { size, digest })
      loose.files += 1
      loose.bytes += size
    },
  }
}

function recorded({ path, first, kind, size, device, xattrs, digest }: RecordedEntry): Upper {
  const whiteout = kind === 'character' && device === 0
  const opaque = xattrs.some(([name, value]) => name === OPAQUE && value === 'y')
  const shape = kind === 'file' || kind === 'directory' ? kind : whiteout ? 'whiteout' : 'other'
  return { kind: shape, size: first === path ? size : 0, digest, opaque, metacopy: false, redirect: null }
}

function found(files: FileCalls, path: Buffer, stats: BigIntStats, again: boolean): Upper {
  const text = (name: string): string | null => files.getXattr(path, name)?.toString('latin1') ?? null
  const nothing = { size: 0, digest: null, opaque: false, metacopy: false, redirect: null }
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
