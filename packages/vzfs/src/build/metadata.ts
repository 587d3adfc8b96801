/** Gives a new file the owner, mode, attributes and times of another. */

import { chmodSync, lchownSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import type { Entry } from './entry.ts'

/**
 * The order matters: chown clears set-id bits and file capabilities, so mode and attributes come after it; an access ACL corrects the
 * group bits that chmod set; times come last, because everything else changes them. chown(2), capabilities(7), acl(5)
 */
export function applyMetadata(files: FileCalls, path: Buffer, entry: Entry): void {
  lchownSync(path, entry.uid, entry.gid)
  chmodSync(path, entry.mode)
  for (const [name, value] of entry.xattrs) files.setXattr(path, name, Buffer.from(value, 'latin1'))
  files.setTimes(path, entry.atime, entry.mtime)
}
