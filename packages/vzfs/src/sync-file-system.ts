/** Everything that was written to a file system is on disk. syncfs(2), for threads. */

import { closeSync, openSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'

export function syncFileSystem(files: FileCalls, path: string): void {
  const fd = openSync(path, 'r')
  try {
    files.syncFileSystem(fd)
  } finally {
    closeSync(fd)
  }
}
