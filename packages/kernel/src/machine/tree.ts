/** Trees of files as the pretended machine has them: enough to tell who sees which file, with which owner. Paths have no leading slash; '' is the root. */

import { constants } from 'node:os'
import { SystemCallFailed } from '../libc/libc.ts'
import type { IdMap } from '../userns/userns.ts'

export interface Entry {
  readonly kind: 'file' | 'directory' | 'device'
  readonly contents: string
  readonly mode: number
  readonly owner: number
}

export interface Tree {
  get(path: string): Entry | null
  /** Makes or replaces; null removes. @throws SystemCallFailed ENOENT, ENOTDIR */
  put(path: string, entry: Entry | null): void
}

export const DIRECTORY: Entry = { kind: 'directory', contents: '', mode: 0o755, owner: 0 }

export function refuse(what: string, code: 'EBUSY' | 'ENOENT' | 'ENOTDIR' | 'EINVAL' | 'ENODEV' | 'EROFS' | 'ESRCH'): never {
  throw new SystemCallFailed(what, constants.errno[code])
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

/** An empty file system. */
export function plainTree(root: Entry = DIRECTORY): Tree {
  const entries = new Map([['', root]])
  return {
    get: (path) => entries.get(path) ?? null,
    put(path, entry) {
      if (path !== '') requireParent((name) => entries.get(name) ?? null, path)
      if (entry === null) entries.delete(path)
      else entries.set(path, entry)
    },
  }
}

function requireParent(get: Tree['get'], path: string): void {
  const parent = get(parentOf(path))
  if (!parent) refuse(`open ${path}`, 'ENOENT')
  if (parent.kind !== 'directory') refuse(`open ${path}`, 'ENOTDIR')
}

/** What lies below `root` of another tree. */
export function subtree(tree: Tree, root: string): Tree {
  if (root === '') return tree
  const inside = (path: string): string => (path === '' ? root : `${root}/${path}`)
  return { get: (path) => tree.get(inside(path)), put: (path, entry) => tree.put(inside(path), entry) }
}

/** Owners as an idmapped mount shows them. @param back the owner on disk of what is written through it; nothing is when absent */
export function shifted(tree: Tree, { base, size }: IdMap, back?: (id: number) => number): Tree {
  return {
    get(path) {
      const entry = tree.get(path)
      if (entry === null || entry === WHITEOUT) return entry
      return { ...entry, owner: entry.owner < size ? entry.owner + base : OVERFLOW_ID }
    },
    put(path, entry) {
      if (back === undefined) refuse(`open ${path}`, 'EROFS')
      tree.put(path, entry === null || entry === WHITEOUT ? entry : { ...entry, owner: back(entry.owner) })
    },
  }
}

/** /proc/sys/kernel/overflowuid */
const OVERFLOW_ID = 65_534

/** What upper has in place of something of a layer that was removed. */
const WHITEOUT: Entry = { kind: 'device', contents: 'whiteout', mode: 0, owner: 0 }

/** The first layer that has a path shows it; all that is written goes to `upper`. */
export function overlayTree(upper: Tree, layers: readonly Tree[]): Tree {
  const get = (path: string): Entry | null => {
    for (const tree of [upper, ...layers]) {
      const entry = tree.get(path)
      if (entry) return entry === WHITEOUT ? null : entry
    }
    return null
  }
  const copyUp = (directory: string): void => {
    if (directory === '' || upper.get(directory)) return
    copyUp(parentOf(directory))
    upper.put(directory, get(directory) ?? DIRECTORY)
  }
  return {
    get,
    put(path, entry) {
      requireParent(get, path)
      copyUp(parentOf(path))
      upper.put(path, entry ?? (layers.some((layer) => layer.get(path)) ? WHITEOUT : null))
    },
  }
}
