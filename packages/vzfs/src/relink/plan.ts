/** What the area's new links consist of, and what has to be done to upper so that the two together show what is shown now. */

import { entryPath } from '../build/entry.ts'
import { REDIRECT } from '../build/stub.ts'
import { digestOfKey, poolKey } from '../names.ts'
import type { LowerNeed } from './lower.ts'
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
  readonly kept: readonly Link[]
  readonly unmarked: readonly Unmarked[]
  readonly own: readonly OwnFile[]
  /** Directories that only the old links have, and in which there will be files of upper. Parents first. */
  readonly missing: readonly Directory[]
}

export interface Link {
  readonly path: string
  /** In the old links. */
  readonly from: string
}

export interface SharedFile {
  readonly file: PrivateFile
  readonly digest: string
}

/** What was a link, or a metadata copy that showed one, and becomes a private file. */
export interface OwnFile {
  readonly digest: string
  readonly shown: Link | MetadataCopy
}

/** A directory of upper that loses its marks, because its twin has them or because they say nothing. */
export interface Unmarked {
  readonly path: string
  readonly inode: bigint
}

export const OPAQUE_MARK = 'opaque'

/**
 * @param digests of the files that become links
 * @param mayStay whether what shows contents of the pool may go on doing so; null: all may
 */
export function plan(
  need: LowerNeed,
  root: Directory,
  digests: ReadonlyMap<PrivateFile, string>,
  mayStay: ((digest: string) => boolean) | null,
): Plan {
  const made = {
    twins: [] as Twin[],
    shared: [] as SharedFile[],
    copies: [] as MetadataCopy[],
    kept: [] as Link[],
    unmarked: [] as Unmarked[],
    own: [] as OwnFile[],
    missing: [] as Directory[],
  }
  const visit = (directory: Directory): boolean => {
    const [place, missing, own] = [made.twins.length, made.missing.length, made.own.length]
    const { path, upper, natural, redirect, opaque, whiteouts } = directory
    const { own: inLinks, shared } = directory.place
    const mark = shared === natural ? null : shared === null ? OPAQUE_MARK : `/${shared}`
    let content = false
    for (const file of directory.candidates) {
      const digest = digests.get(file)
      if (digest === undefined) continue
      made.shared.push({ file, digest })
      content = true
    }
    for (const copy of directory.copies) {
      const { contents, names, links } = copy
      // One of its names is where this does not look.
      const bound = copy.anchor && names.length < links
      if (mayStay === null || bound || contents.kind === 'layer' || mayStay(contents.digest)) {
        made.copies.push(copy)
        content = true
      } else made.own.push({ digest: contents.digest, shown: copy })
    }
    for (const link of directory.kept) {
      const digest = mayStay === null ? null : digestOf(need, link)
      if (mayStay === null || digest === null || mayStay(digest)) {
        made.kept.push(link)
        content = true
      } else made.own.push({ digest, shown: link })
    }
    for (const child of directory.directories) content = visit(child) || content
    if (upper === null && made.own.length > own) made.missing.splice(missing, 0, directory)
    // Whiteouts are hidden where there is a lower side; where there is none, only if a mark of overlayfs (origin) says that there was one.
    const needed = content || upper === null || (mark !== null && !opaque) || (inLinks !== null && whiteouts)
    if (needed) made.twins.splice(place, 0, { path, directory, mark })
    if (upper !== null && (redirect !== null || (needed && opaque))) made.unmarked.push({ path, inode: upper.ino })
    return needed
  }
  visit(root)
  return made
}

/** null: a small file of a template. */
function digestOf({ files, links }: LowerNeed, { from }: Link): string | null {
  return links === null ? null : digestOfKey(files.getXattr(entryPath(links, from), REDIRECT)?.toString('latin1') ?? '')
}

/** What a link names: contents of the pool, or a file of a layer. */
export const targetOf = ({ contents }: MetadataCopy): string =>
  contents.kind === 'pool' ? poolKey(contents.digest) : `/${contents.path}`
