/** What the area's new links consist of, and what has to be done to upper so that the two together show what is shown now. */

import { poolKey } from '../names.ts'
import type { Directory, MetadataCopy, PrivateFile } from './walk.ts'

/** A directory of the new links beside one of upper, or in its place. */
export interface Twin {
  readonly path: string
  readonly directory: Directory
  /** What tells overlayfs where the layers below have it: "opaque", a path from "/", or null for the same place. */
  readonly mark: string | null
}

export interface Plan {
  /** Parents first. */
  readonly twins: readonly Twin[]
  readonly shared: readonly SharedFile[]
  readonly copies: readonly MetadataCopy[]
  readonly kept: readonly { readonly path: string; readonly from: string }[]
  readonly unmarked: readonly Unmarked[]
}

export interface SharedFile {
  readonly file: PrivateFile
  readonly digest: string
}

/** A directory of upper that loses its marks, because its twin has them or because they say nothing. */
export interface Unmarked {
  readonly path: string
  readonly inode: bigint
}

export const OPAQUE_MARK = 'opaque'

/** @param digests of the files that become links */
export function plan(root: Directory, digests: ReadonlyMap<PrivateFile, string>): Plan {
  const made = {
    twins: [] as Twin[],
    shared: [] as SharedFile[],
    copies: [] as MetadataCopy[],
    kept: [] as Directory['kept'],
    unmarked: [] as Unmarked[],
  }
  const visit = (directory: Directory): boolean => {
    const place = made.twins.length
    const {
      path,
      upper,
      place: { own, shared },
      natural,
      redirect,
      opaque,
      whiteouts,
    } = directory
    const mark = shared === natural ? null : shared === null ? OPAQUE_MARK : `/${shared}`
    let content = false
    for (const file of directory.candidates) {
      const digest = digests.get(file)
      if (digest === undefined) continue
      made.shared.push({ file, digest })
      content = true
    }
    made.copies.push(...directory.copies)
    made.kept.push(...directory.kept)
    content ||= directory.copies.length > 0 || directory.kept.length > 0
    for (const child of directory.directories) content = visit(child) || content
    // Whiteouts are hidden where there is a lower side; where there is none, only if a mark of overlayfs (origin) says that there was one.
    const needed = content || upper === null || (mark !== null && !opaque) || (own !== null && whiteouts)
    if (needed) made.twins.splice(place, 0, { path, directory, mark })
    if (upper !== null && (redirect !== null || (needed && opaque))) made.unmarked.push({ path, inode: upper.ino })
    return needed
  }
  visit(root)
  return made
}

/** What a link names: contents of the pool, or a file of a layer. */
export const targetOf = ({ contents }: MetadataCopy): string =>
  contents.kind === 'pool' ? poolKey(contents.digest) : `/${contents.path}`
