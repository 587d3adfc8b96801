/** Gives found bytes to those that lack them: the pool, and small files that layers hold themselves. */

import { closeSync, constants, fsyncSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { entryPath } from '../build/entry.ts'
import { knownLayer } from '../references/known-layer.ts'
import { volumePaths } from '../volume-paths.ts'
import { restore } from './mend.ts'
import { foundPath, intoPool } from './seek.ts'

export interface RefillJob {
  readonly volume: string
  /** Digests of found files that the pool lacks. */
  readonly pool: readonly string[]
  readonly small: readonly { readonly layer: string; readonly entry: string; readonly digest: string }[]
  /** All that were found. */
  readonly found: readonly string[]
}

export async function refill(files: FileCalls, job: RefillJob): Promise<void> {
  const { tmp } = volumePaths(job.volume)
  try {
    await give(files, job)
  } finally {
    for (const digest of job.found) rmSync(foundPath(tmp, digest), { force: true })
  }
}

async function give(files: FileCalls, { volume, pool, small }: RefillJob): Promise<void> {
  const paths = volumePaths(volume)
  for (const { layer, entry, digest } of small) {
    const { directory, tree } = paths.layer(layer)
    const was = (await knownLayer(files, directory, layer))?.entries.find(({ path }) => path === entry)
    if (was === undefined) continue
    const at = entryPath(Buffer.from(tree), entry)
    const fd = openSync(at, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600)
    try {
      writeFileSync(fd, readFileSync(foundPath(paths.tmp, digest)))
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    restore(files, at, was)
  }
  for (const digest of pool) intoPool(volume, digest)
}
