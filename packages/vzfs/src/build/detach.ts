/** Replaces a file that has names outside of the tree by a copy of its own, so that nothing outside can change the layer. */

import { constants, copyFileSync, linkSync, renameSync, unlinkSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { entryPath } from './entry.ts'
import type { RegularFile } from './inodes.ts'
import { applyMetadata } from './metadata.ts'
import { makeStub } from './stub.ts'

/** @param spare a path on the same file system, outside of the tree, where nothing lies */
export function detach(files: FileCalls, root: Buffer, file: RegularFile, spare: Buffer): void {
  const first = entryPath(root, file.entry.path)
  if (file.entry.stub === null) {
    copyFileSync(first, spare, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    applyMetadata(files, spare, file.entry)
  } else {
    makeStub(files, spare, file.entry, file.entry.stub)
  }
  renameSync(spare, first)
  for (const name of file.names.slice(1)) {
    unlinkSync(entryPath(root, name))
    linkSync(first, entryPath(root, name))
  }
}
