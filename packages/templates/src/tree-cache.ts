/**
 * Finished trees kept as archives, so that tests and benchmarks build a system once per machine. An archive's name holds the digest of
 * what it was made from and the digest of its own bytes: it is found by the first and not believed without the second.
 */

import { createHash, hash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ProcessRunner } from '@insula/kernel'

export interface TreeCache {
  /** Fills the empty directory `tree`; false when the cache has nothing, or nothing sound. */
  load(tree: string, signal?: AbortSignal): Promise<boolean>
  save(tree: string, signal?: AbortSignal): Promise<void>
  /** The archive that would be loaded, to be given to another machine's cache. */
  archive(): Promise<string | null>
}

const KEPT = ['--xattrs', '--xattrs-include=*', '--acls', '--numeric-owner'] as const
const DEADLINE_MS = 10 * 60_000

/** @param key everything that decides what the tree is */
export function treeCache(directory: string, key: unknown, runner: ProcessRunner): TreeCache {
  const prefix = `${hash('sha256', JSON.stringify(key)).slice(0, 32)}-`
  return {
    async archive() {
      const name = (await namesIn(directory)).find((each) => each.startsWith(prefix))
      return name === undefined ? null : join(directory, name)
    },
    async load(tree, signal) {
      for (const name of await namesIn(directory)) {
        if (!name.startsWith(prefix)) continue
        const path = join(directory, name)
        if (name === `${prefix}${await digestOf(path)}.tar`) {
          await runner.run(
            ['tar', '--extract', `--file=${path}`, `--directory=${tree}`, '--preserve-permissions', '--same-owner', ...KEPT],
            options(signal),
          )
          return true
        }
        await rm(path)
      }
      return false
    },
    async save(tree, signal) {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const staged = join(directory, `.new-${randomBytes(8).toString('hex')}`)
      try {
        const form = ['--format=posix', '--pax-option=delete=atime,delete=ctime', '--sparse', '--sort=name'] as const
        await runner.run(['tar', '--create', `--file=${staged}`, `--directory=${tree}`, ...form, ...KEPT, '.'], options(signal))
        await syncFile(staged)
        await rename(staged, join(directory, `${prefix}${await digestOf(staged)}.tar`))
      } finally {
        await rm(staged, { force: true })
      }
    },
  }
}

const options = (signal: AbortSignal | undefined) => ({ deadline: DEADLINE_MS, ...(signal ? { signal } : {}) })

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch {
    return []
  }
}

async function digestOf(path: string): Promise<string> {
  const state = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), state)
  return state.digest('hex')
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
