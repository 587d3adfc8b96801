/**
 * A stub: a file of zero blocks that shows contents of the pool under its own owner, mode, times and attributes. It works only in a
 * lower layer of an overlay mounted with metacopy=on and redirect_dir=on whose data layer is the pool.
 * Documentation/filesystems/overlayfs.rst, "Metadata only copy up" and "Data-only lower layers".
 */

import { closeSync, ftruncateSync, openSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { poolKey } from '../names.ts'
import type { Entry } from './entry.ts'
import { applyMetadata } from './metadata.ts'

export const METACOPY = 'trusted.overlay.metacopy'
export const REDIRECT = 'trusted.overlay.redirect'

/** @param path where nothing lies yet */
export function makeStub(files: FileCalls, path: Buffer, entry: Entry, digest: string): void {
  makeLink(files, path, entry, poolKey(digest))
}

/** @param target from "/", in a layer below or in the pool */
export function makeLink(files: FileCalls, path: Buffer, entry: Entry, target: string): void {
  const fd = openSync(path, 'wx', 0o600)
  try {
    ftruncateSync(fd, entry.size)
  } finally {
    closeSync(fd)
  }
  files.setXattr(path, METACOPY, Buffer.alloc(0))
  files.setXattr(path, REDIRECT, Buffer.from(target, 'latin1'))
  applyMetadata(files, path, entry)
}
