/** A mount namespace of the pretended machine: what is mounted where, in the order in which it was mounted. */

import type { Entry, Tree } from './tree.ts'
import { refuse, subtree } from './tree.ts'

export interface MountTable {
  /** Absolute path. */
  get(path: string): Entry | null
  put(path: string, entry: Entry | null): void
  /** What `path` is the root of. @throws SystemCallFailed ENOENT */
  at(path: string): Tree
  /** @throws SystemCallFailed ENOENT, when there is no such place */
  mount(path: string, tree: Tree): void
  /** Takes what is mounted on top of `path` away, with all that lies below it; false when nothing is. */
  unmount(path: string): boolean
  copy(): MountTable
}

interface Mount {
  readonly path: string
  readonly tree: Tree
}

export function mountTable(root: Tree, mounts: readonly Mount[] = [{ path: '', tree: root }]): MountTable {
  let table = mounts
  /** The mount that covers a path is the last one made at or above it. */
  const find = (path: string): { readonly tree: Tree; readonly rest: string } => {
    const found = table.findLast((mount) => isBelow(path, mount.path))
    return { tree: found?.tree ?? root, rest: path.slice((found?.path ?? '').length).replace(/^\//, '') }
  }
  const own: MountTable = {
    get(path) {
      const { tree, rest } = find(normal(path))
      return tree.get(rest)
    },
    put(path, entry) {
      const { tree, rest } = find(normal(path))
      tree.put(rest, entry)
    },
    at(path) {
      const { tree, rest } = find(normal(path))
      if (!tree.get(rest)) refuse(`open ${path}`, 'ENOENT')
      return subtree(tree, rest)
    },
    mount(path, tree) {
      if (!own.get(path)) refuse(`mount on ${path}`, 'ENOENT')
      table = [...table, { path: normal(path), tree }]
    },
    unmount(path) {
      const target = normal(path)
      const top = table.findLastIndex((mount) => mount.path === target)
      if (top <= 0 || table.slice(top + 1).some((mount) => mount.path !== target && isBelow(target, mount.path))) return false
      table = table.filter((mount, index) => index < top || !isBelow(mount.path, target))
      return true
    },
    copy: () => mountTable(root, table),
  }
  return own
}

/** "/a//b/" -> "a/b" */
const normal = (path: string): string => path.split('/').filter(Boolean).join('/')

const isBelow = (path: string, above: string): boolean => above === '' || path === above || path.startsWith(`${above}/`)
