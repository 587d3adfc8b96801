/** Makes the tree of a layer from what an area has over its layers: real files still, which the build of a layer turns into stubs. */

import { closeSync, linkSync, lchownSync, mkdirSync, openSync, symlinkSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { type Entry, entryPath } from '../build/entry.ts'
import { applyMetadata } from '../build/metadata.ts'
import { copySparse } from '../relink/adopt.ts'
import { OPAQUE } from '../relink/marks.ts'
import type { Delta } from './differ.ts'
import { innerEntry } from './inner.ts'

/** @param tree an empty directory @param from where the area is mounted */
export function placeDelta(
  files: FileCalls,
  tree: Buffer,
  from: Buffer,
  base: number,
  { listed, opaque, whiteouts }: Delta,
): void {
  const first = new Map<bigint, string>()
  for (const host of listed) {
    const entry = innerEntry(host, base)
    const at = entryPath(tree, entry.path)
    const known = entry.kind === 'directory' || entry.links === 1 ? undefined : first.get(entry.inode)
    if (known !== undefined) {
      linkSync(entryPath(tree, known), at)
      continue
    }
    first.set(entry.inode, entry.path)
    place(files, at, entryPath(from, entry.path), entry)
  }
  for (const path of opaque) files.setXattr(entryPath(tree, path), OPAQUE, Buffer.from('y'))
  for (const path of whiteouts) files.makeNode(entryPath(tree, path), S_IFCHR, 0)
  // Making something in a directory changes its times.
  for (const { kind, path, atime, mtime } of listed) if (kind === 'directory') files.setTimes(entryPath(tree, path), atime, mtime)
}

const S_IFCHR = 0o020000
const FORMATS = { fifo: 0o010000, socket: 0o140000, block: 0o060000, character: S_IFCHR } as const

function place(files: FileCalls, at: Buffer, from: Buffer, entry: Entry): void {
  switch (entry.kind) {
    case 'directory':
      if (entry.path !== '') mkdirSync(at, 0o700)
      break
    case 'symlink':
      symlinkSync(Buffer.from(entry.target, 'latin1'), at)
      lchownSync(at, entry.uid, entry.gid)
      for (const [name, value] of entry.xattrs) files.setXattr(at, name, Buffer.from(value, 'latin1'))
      return files.setTimes(at, entry.atime, entry.mtime)
    case 'file':
      closeSync(openSync(at, 'wx', 0o600))
      copySparse(from, at)
      break
    default:
      files.makeNode(at, FORMATS[entry.kind] | 0o600, entry.device)
  }
  applyMetadata(files, at, entry)
}
