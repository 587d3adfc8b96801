/**
 * Turns a tree into a layer, in the calling thread with helper threads for the bulk of it. Everything happens in a directory that nobody looks
 * at yet; only the pool is added to.
 *
 * INVARIANT: a name in the pool appears only after its bytes are on disk (one syncfs for all of them, in place of one fsync each).
 */

import { writeFileSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { syncFileSystem } from '../sync-file-system.ts'
import { layerPaths } from '../volume-paths.ts'
import { writeRecord } from '../references/layer-record.ts'
import type { LayerInfo } from '../vzfs.ts'
import { type Crew, startCrew } from './crew.ts'
import { detach } from './detach.ts'
import { type Entry, entryPath } from './entry.ts'
import { digestAt, hashTask } from './hash.ts'
import { type RegularFile, regularFiles } from './inodes.ts'
import { digestOfLines, layerLines } from './layer-digest.ts'
import { placeTask } from './place.ts'
import { scan } from './scan.ts'
import { SHARED_FROM_BYTES } from './shared-from.ts'
import { verify } from './verify.ts'

export interface BuildJob {
  readonly name: string
  /** Directory that will be the layer; it holds `tree`. */
  readonly directory: string
  readonly pool: string
  readonly builtAt: string
  /** Opaque, as JSON; null when the layer carries none. */
  readonly manifest: string | null
  /** Threads to hash with, this one included. */
  readonly threads: number
}

export async function buildLayer(
  files: FileCalls,
  job: BuildJob,
  progress: (done: number, total: number) => void,
): Promise<LayerInfo> {
  await using crew = startCrew(files, job.threads)
  const { tree, info, manifest, record } = layerPaths(job.directory)
  const root = Buffer.from(tree)
  const pool = Buffer.from(job.pool)
  const entries = scan(files, root)
  const regular = regularFiles(entries)
  for (const file of regular) if (file.reachable) detach(files, root, file, Buffer.from(`${job.directory}/spare`))

  const real = regular.filter((file) => file.entry.stub === null)
  const large = real.filter((file) => file.entry.size >= SHARED_FROM_BYTES)
  const total = real.length + large.length
  const digests = await hashAll(crew, root, real, (done) => progress(done, total))
  syncFileSystem(files, job.pool)

  const placements = large.map((file) => ({ ...file, digest: digests.get(file.entry.inode) ?? '' }))
  const task = placeTask(tree, job.pool, placements)
  await crew.run(task, (done) => progress(real.length + done, total))
  // Replacing files in a directory changed its times.
  for (const entry of entries)
    if (entry.kind === 'directory') files.setTimes(entryPath(root, entry.path), entry.atime, entry.mtime)
  const kept = withOwnLinks(entries, regular)
  verify(files, root, pool, kept, new Map(placements.flatMap((file) => file.names.map((name) => [name, file.digest] as const))))

  for (const { entry } of regular) if (entry.stub !== null) digests.set(entry.inode, entry.stub)
  const lines = layerLines(kept, digests)
  writeRecord(record, lines)
  const layer: LayerInfo = {
    name: job.name,
    files: regular.length,
    sharedFiles: regular.length - real.length + large.length,
    bytes: regular.reduce((sum, file) => sum + file.entry.size, 0),
    newPoolBytes: placements.reduce((sum, file, index) => sum + (task.added[index] === 1 ? file.entry.size : 0), 0),
    builtAt: job.builtAt,
    digest: digestOfLines(lines),
  }
  if (job.manifest !== null) writeFileSync(manifest, job.manifest, { mode: 0o600 })
  writeFileSync(info, `${JSON.stringify(layer, null, 2)}\n`, { mode: 0o600 })
  syncFileSystem(files, job.pool)
  return layer
}

/** Largest first, so that no thread is left alone with a large one at the end. */
async function hashAll(crew: Crew, root: Buffer, real: readonly RegularFile[], progress: (done: number) => void) {
  const order = real.toSorted((a, b) => b.entry.size - a.entry.size)
  const task = hashTask(order.map((file) => entryPath(root, file.entry.path).toString('latin1')))
  await crew.run(task, progress)
  return new Map(order.map((file, index) => [file.entry.inode, digestAt(task, index)] as const))
}

/** Names outside of the tree are gone since `detach`. */
function withOwnLinks(entries: readonly Entry[], regular: readonly RegularFile[]): Entry[] {
  const names = new Map(regular.map((file) => [file.entry.inode, file.names.length] as const))
  return entries.map((entry) => (entry.kind === 'file' ? { ...entry, links: names.get(entry.inode) ?? 1 } : entry))
}
