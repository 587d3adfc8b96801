/** An area as its owner sees it. */

import { realFileCalls, type MountCalls, realPrivateMounts, realUserNamespaces, type UserNamespace } from '@insula/kernel'
import { type Entry, entryPath } from '../build/entry.ts'
import { hashFile } from '../build/hash.ts'
import { scan } from '../build/scan.ts'
import type { OverlayPlan, Vzfs } from '../vzfs.ts'

/** Mounts the area as the keeper would, and runs body in there. */
export async function inArea(vzfs: Vzfs, id: number, body: (root: string, mounts: MountCalls) => void): Promise<void> {
  const plan = await vzfs.areas.plan(id)
  using owner = await ownerOf((await vzfs.areas.show(id))?.base ?? 0)
  mounted(plan, owner, body)
}

export const ownerOf = (base: number): Promise<UserNamespace> => realUserNamespaces()({ base, size: 65_536 })

export function mounted<T>(plan: OverlayPlan, owner: UserNamespace, body: (root: string, mounts: MountCalls) => T): T {
  return realPrivateMounts().inPrivateCopy((mounts) => {
    mounts.overlay(plan, owner)
    return body(plan.root, mounts)
  })
}

/** Everything that a tenant can tell about its files but for inode numbers, times of last access and change, and room on disk. */
export type Seen = ReadonlyMap<
  string,
  Omit<Entry, 'inode' | 'atime' | 'stub'> & { readonly contents: string; readonly sameAs: string }
>

export function seenAt(root: string): Seen {
  const at = Buffer.from(root)
  const first = new Map<bigint, string>()
  return new Map(
    scan(realFileCalls(), at).map(({ inode, atime: _atime, stub: _stub, ...entry }) => {
      const isLinked = entry.kind === 'file' && entry.links > 1
      const sameAs = isLinked ? (first.get(inode) ?? entry.path) : entry.path
      first.set(inode, sameAs)
      const contents = entry.kind === 'file' ? hashFile(entryPath(at, entry.path)).toString('hex') : ''
      return [entry.path, { ...entry, contents, sameAs }] as const
    }),
  )
}

export async function seen(vzfs: Vzfs, id: number): Promise<Seen> {
  let found: Seen = new Map()
  // One that is full can be mounted too, as for a start of its VPS.
  await vzfs.areas.withRoom(id, () => inArea(vzfs, id, (root) => void (found = seenAt(root))))
  return found
}
