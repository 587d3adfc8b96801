/**
 * Turns a tree into a layer, in the calling thread with helper threads for hashing. Everything happens in a directory that nobody looks
 * at yet; only the pool is added to.
 *
 * INVARIANT: a name in the pool appears only after its bytes are on disk (one syncfs for all of them, in place of one fsync each).
 */

import { closeSync, openSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { FileCalls } from '@insula/kernel'
import { layerPaths } from '../volume-paths.ts'
import type { LayerInfo } from '../vzfs.ts'
import { detach } from './detach.ts'
import { type Entry, entryPath } from './entry.ts'
import { digestAt, type HashWork, hashWork, takeWork } from './hash.ts'
import { type RegularFile, regularFiles } from './inodes.ts'
import { layerDigest } from './layer-digest.ts'
import { place } from './place.ts'
import { scan } from './scan.ts'
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

/**
 * Smaller files stay in the layer: below one block of the file system a stub (an inode with attributes) takes as much as the file, and one
 * lookup more. They are still shared by all who use the layer.
 */
export const SHARED_FROM_BYTES = 4096

/** A helper thread starts in about 100 ms: below this many bytes one thread is done sooner. */
const HELP_FROM_BYTES = 32 << 20

export async function buildLayer(
  files: FileCalls,
  job: BuildJob,
  progress: (done: number, total: number) => void,
): Promise<LayerInfo> {
  const { tree, info, manifest } = layerPaths(job.directory)
  const root = Buffer.from(tree)
  const pool = Buffer.from(job.pool)
  const entries = scan(files, root)
  const regular = regularFiles(entries)
  for (const file of regular) if (file.reachable) detach(files, root, file, Buffer.from(`${job.directory}/spare`))

  const real = regular.filter((file) => file.entry.stub === null)
  const shared = real.filter((file) => file.entry.size >= SHARED_FROM_BYTES)
  const total = real.length + shared.length
  const digests = await hashAll(root, real, job.threads, (done) => progress(done, total))
  syncFileSystem(files, job.pool)

  let newPoolBytes = 0
  const placed = new Map<string, string>()
  for (const [index, file] of shared.entries()) {
    const digest = digests.get(file) ?? ''
    if (place(files, root, pool, file, digest)) newPoolBytes += file.entry.size
    for (const name of file.names) placed.set(name, digest)
    progress(real.length + index + 1, total)
  }
  // Replacing files in a directory changed its times.
  for (const entry of entries)
    if (entry.kind === 'directory') files.setTimes(entryPath(root, entry.path), entry.atime, entry.mtime)
  const own = withOwnLinks(entries, regular)
  verify(files, root, pool, own, placed)

  const contents = new Map(regular.map((file) => [file.entry.inode, digests.get(file) ?? file.entry.stub ?? ''] as const))
  const layer: LayerInfo = {
    name: job.name,
    files: regular.length,
    sharedFiles: regular.length - real.length + shared.length,
    bytes: regular.reduce((sum, file) => sum + file.entry.size, 0),
    newPoolBytes,
    builtAt: job.builtAt,
    digest: layerDigest(own, contents),
  }
  if (job.manifest !== null) writeFileSync(manifest, job.manifest, { mode: 0o600 })
  writeFileSync(info, `${JSON.stringify(layer, null, 2)}\n`, { mode: 0o600 })
  syncFileSystem(files, job.pool)
  return layer
}

async function hashAll(root: Buffer, real: readonly RegularFile[], threads: number, progress: (done: number) => void) {
  // Largest first, so that no thread is left alone with a large one at the end.
  const order = real.toSorted((a, b) => b.entry.size - a.entry.size)
  const work = hashWork(order.map((file) => entryPath(root, file.entry.path).toString('latin1')))
  const bytes = order.reduce((sum, file) => sum + file.entry.size, 0)
  const helpers = bytes < HELP_FROM_BYTES ? [] : Array.from({ length: threads - 1 }, () => startHelper(work))
  takeWork(work, progress)
  await Promise.all(helpers)
  if (work.cursor[1] !== order.length) throw new Error('a thread that hashed files for the layer was stopped')
  return new Map(order.map((file, index) => [file, digestAt(work, index)] as const))
}

/** Resolves when the helper has ended; rejects with what stopped it. */
async function startHelper(work: HashWork): Promise<void> {
  await once(new Worker(new URL('./hash-thread.ts', import.meta.url), { workerData: work }), 'exit')
}

/** Names outside of the tree are gone since `detach`. */
function withOwnLinks(entries: readonly Entry[], regular: readonly RegularFile[]): Entry[] {
  const names = new Map(regular.map((file) => [file.entry.inode, file.names.length] as const))
  return entries.map((entry) => (entry.kind === 'file' ? { ...entry, links: names.get(entry.inode) ?? 1 } : entry))
}

function syncFileSystem(files: FileCalls, path: string): void {
  const fd = openSync(path, 'r')
  try {
    files.syncFileSystem(fd)
  } finally {
    closeSync(fd)
  }
}
