import { statfsSync } from 'node:fs'
import type { VolumeSpace } from './volume.ts'

/** What the file system under `path` has, for everybody but root's reserve. statfs(2) */
export function spaceOf(path: string): VolumeSpace {
  const { bsize, blocks, bavail, files, ffree } = statfsSync(path)
  return { totalBytes: bsize * blocks, freeBytes: bsize * bavail, totalInodes: files, freeInodes: ffree }
}
