/**
 * Lists of packages that apt has fetched, kept from one build to the next: then it only asks whether there are later ones. They are worth no more than what
 * it verifies them by, which it does each time.
 */

import { hash, randomBytes } from 'node:crypto'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProcessRunner } from '@insula/kernel'
import type { AptTree } from './apt-tree.ts'

export interface KeptLists {
  /** Fills apt's directory of lists. */
  load(into: string): Promise<void>
  save(from: string): Promise<void>
}

export function keptLists(directory: string, { sources, architecture }: AptTree, runner: ProcessRunner): KeptLists {
  const key = sources.map(({ keys, ...source }) => ({ ...source, keys: keys.map((bytes) => hash('sha256', bytes)) }))
  const kept = join(directory, hash('sha256', JSON.stringify([architecture, key])).slice(0, 32))
  const copy = (from: string, to: string) => runner.run(['cp', '--archive', '--reflink=auto', '--no-target-directory', from, to])
  return {
    async load(into) {
      if (
        await access(kept).then(
          () => true,
          () => false,
        )
      )
        await copy(kept, into)
    },
    async save(from) {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      const [staged, old] = ['new', 'old'].map((what) => join(directory, `.${what}-${randomBytes(8).toString('hex')}`))
      if (staged === undefined || old === undefined) return
      try {
        await copy(from, staged)
        await rm(join(staged, 'lock'), { force: true })
        await rename(kept, old).catch(() => undefined)
        // Of two builds at once, whoever comes second.
        await rename(staged, kept).catch(() => undefined)
      } finally {
        for (const left of [staged, old]) await rm(left, { recursive: true, force: true })
      }
    },
  }
}
