/** What links of an area name comes along with it. In a thread of its own, while the gates of both volumes are held. */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { exists } from '../snapshots/copied-area.ts'
import { runInThread } from '../thread.ts'
import type { Trash } from '../trash.ts'
import { type VolumePaths, volumePaths } from '../volume-paths.ts'
import type { ArriveJob } from './bring-thread.ts'
import type { CopySource } from './source.ts'

export async function bringContents(
  { paths, trash }: { readonly paths: VolumePaths; readonly trash: Trash },
  from: CopySource,
  /** Those of them that are there. */
  links: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const trees: string[] = []
  for (const tree of links) if (await exists(tree)) trees.push(tree)
  if (trees.length === 0) return
  const scratch = join(paths.tmp, `bring.${randomBytes(8).toString('hex')}`)
  const job: ArriveJob = { what: 'contents', from: volumePaths(from.path).pool, to: paths.pool, trees, scratch }
  try {
    await runInThread(new URL('./bring-thread.ts', import.meta.url), job, () => undefined, signal)
  } catch (error) {
    await trash.discard(scratch)
    throw error
  }
}
