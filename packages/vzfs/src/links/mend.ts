/** Makes links of an area what they were. Nobody relinks or copies it meanwhile. */

import { mkdirSync, rmSync } from 'node:fs'
import type { FileCalls, Quota } from '@insula/kernel'
import { type Entry, entryPath } from '../build/entry.ts'
import { applyMetadata } from '../build/metadata.ts'
import { makeLink, REDIRECT } from '../build/stub.ts'
import { count } from '../quota/account.ts'
import { removeTree } from '../remove-tree.ts'
import { statOrNull } from '../relink/lower.ts'
import { linkDifferences } from './compare.ts'
import { linksRecordOf, readLinksRecord, type RecordedLink, writeLinksRecord } from './record.ts'

export interface MendLinksMeans {
  readonly files: FileCalls
  readonly quota: Quota
}

/** @param tree of the area, or of a snapshot of it */
export function mendLinks({ files, quota }: MendLinksMeans, tree: string, base: number): void {
  const record = linksRecordOf(tree)
  const was = recorded(record, base)
  if (was === null) {
    // What lies there is all that is known.
    rmSync(record, { force: true })
    if (statOrNull(Buffer.from(tree)) !== null) writeLinksRecord(files, tree, record, base)
    return
  }
  const wrong = new Set(linkDifferences(files, tree, was).map(({ path }) => path))
  if (wrong.size === 0) return
  const root = Buffer.from(tree)
  if (statOrNull(root) === null) {
    mkdirSync(tree, { mode: 0o700 })
    count(quota, tree, base)
  }
  const known = new Map(was.map((link) => [link.path, link] as const))
  for (const path of wrong) {
    const kind = known.get(path)?.kind
    const there = statOrNull(entryPath(root, path))
    // A directory keeps what is in it.
    if (there !== null && !(kind === 'directory' && there.isDirectory())) removeTree(entryPath(root, path))
  }
  for (const link of was) make(files, root, link)
  // Making something in a directory changes its times.
  for (const link of was.toReversed()) if (link.kind === 'directory') restore(files, entryPath(root, link.path), link)
}

function recorded(record: string, base: number): RecordedLink[] | null {
  try {
    return readLinksRecord(record, base)
  } catch {
    return null
  }
}

function make(files: FileCalls, root: Buffer, link: RecordedLink): void {
  const at = entryPath(root, link.path)
  if (statOrNull(at) !== null) return
  if (link.kind === 'directory') return mkdirSync(at, 0o700)
  const target = link.xattrs.find(([name]) => name === REDIRECT)?.[1] ?? ''
  makeLink(files, at, entryOf(link), target)
}

function restore(files: FileCalls, at: Buffer, link: RecordedLink): void {
  const kept = new Set(link.xattrs.map(([name]) => name))
  for (const name of files.listXattrs(at))
    if (!kept.has(name) && !name.startsWith('trusted.SGI_ACL_') && !name.startsWith('security.selinux'))
      files.removeXattr(at, name)
  applyMetadata(files, at, entryOf(link))
}

const entryOf = (link: RecordedLink): Entry => ({
  ...link,
  atime: link.mtime,
  inode: 0n,
  links: 1,
  device: 0,
  target: '',
  stub: null,
})
