/** A check from outside of its thread: what it found to be damaged is moved aside. */

import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory } from '../durable.ts'
import { errnoOf } from '../errors.ts'
import { poolKey } from '../names.ts'
import type { PoolGate } from '../pool-gate.ts'
import { runInThread } from '../thread.ts'
import type { VolumePaths } from '../volume-paths.ts'
import type { CheckOptions, CheckReport } from '../reports.ts'
import type { CheckJob } from './check.ts'

export interface ExamineMeans {
  readonly paths: VolumePaths
  readonly gate: PoolGate
  readonly threads: number
}

export async function examine({ paths, gate, threads }: ExamineMeans, options: CheckOptions = {}): Promise<CheckReport> {
  const { contents = false, pace = null, progress = () => undefined, signal } = options
  const job: CheckJob = { volume: paths.volume, contents, pace, threads }
  const entry = new URL('./check-thread.ts', import.meta.url)
  const report = await runInThread<CheckReport>(entry, job, (done, total) => progress('reading contents', done, total), signal)
  const wrong = new Set(
    report.damages.flatMap(({ kind, digest }) => (kind === 'contents' && digest !== undefined ? [digest] : [])),
  )
  await gate.shared(() => moveAside(paths, wrong))
  return report
}

/** What is not in the pool is not moved. */
async function moveAside(paths: VolumePaths, digests: ReadonlySet<string>): Promise<void> {
  let moved = 0
  for (const digest of digests) {
    try {
      await rename(join(paths.pool, poolKey(digest)), join(paths.quarantine, digest))
      moved += 1
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
    }
  }
  if (moved === 0) return
  await syncDirectory(paths.quarantine)
  await forgetFiles()
}

/**
 * An overlay that has looked a file up goes on with the contents that it found then. When the kernel forgets its names and inodes it looks again, finds
 * nothing, and open(2) fails with ENOENT. Only files that are open meanwhile stay as they are. Documentation/admin-guide/sysctl/vm.rst, drop_caches
 */
export async function forgetFiles(): Promise<void> {
  await writeFile('/proc/sys/vm/drop_caches', '2').catch(() => undefined)
}
