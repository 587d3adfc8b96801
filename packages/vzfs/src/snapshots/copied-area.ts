/** The private trees of an area, copied into a directory that nobody looks at yet. */

import { chmod, copyFile, lstat, mkdir, open, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileCalls, Quota } from '@insula/kernel'
import type { CopyJob } from '../copy/copy.ts'
import type { IdShift } from '../copy/shift.ts'
import type { CopySum } from '../copy/tree.ts'
import { errnoOf } from '../errors.ts'
import { count } from '../quota/account.ts'
import { runPrepared } from '../thread.ts'
import type { CopyOptions } from './snapshot.ts'

export interface CopyMeans {
  readonly files: FileCalls
  readonly quota: Quota
  readonly reflink: boolean
  readonly threads: number
}

interface Trees {
  readonly upper: string
  readonly links: string
}

/** @param base whose account the copies are in */
export async function copyPrivate(
  { quota, reflink, threads }: CopyMeans,
  from: Trees,
  to: Trees & { readonly directory: string },
  base: number,
  shift: IdShift | null,
  { still = <T>(copy: () => Promise<T>) => copy(), progress = () => undefined, signal }: CopyOptions,
): Promise<CopySum> {
  const parts = (await exists(from.links)) ? (['upper', 'links'] as const) : (['upper'] as const)
  const trees = parts.map((part) => ({ from: from[part], to: to[part], spare: join(to.directory, `spare-${part}`) }))
  for (const directory of trees.flatMap((tree) => [tree.to, tree.spare])) {
    await mkdir(directory, { mode: 0o700 })
    count(quota, directory, base)
  }
  const job: CopyJob = { trees, how: { shift, reflink }, threads }
  const entry = new URL('../copy/copy-thread.ts', import.meta.url)
  const sum = await runPrepared<CopySum>(entry, job, still, progress, signal)
  for (const { spare } of trees) await rmdir(spare)
  return sum
}

/** A file that may be absent. False when it is. */
export async function copyIfThere(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
  await chmod(to, 0o600)
  return true
}

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

/** All that was written is on disk. */
export async function syncVolume(files: FileCalls, path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    files.syncFileSystem(directory.fd)
  } finally {
    await directory.close()
  }
}
