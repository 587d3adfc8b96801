/** Everything that lies in a pool. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '../errors.ts'
import { digestOfKey } from '../names.ts'

export interface PoolFile {
  readonly path: string
  /** null: its name is not that of contents. */
  readonly digest: string | null
}

export function* poolFiles(pool: string): Generator<PoolFile> {
  for (const prefix of readdirSync(pool)) {
    const directory = join(pool, prefix)
    const names = PREFIX.test(prefix) ? namesIn(directory) : null
    if (names === null) yield { path: directory, digest: null }
    else for (const rest of names) yield { path: join(directory, rest), digest: digestOfKey(`/${prefix}/${rest}`) }
  }
}

const PREFIX = /^[0-9a-f]{2}$/

/** null when it is no directory. One that a collection removed at this moment is empty. */
function namesIn(path: string): string[] | null {
  try {
    return readdirSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    if (errnoOf(error) === 'ENOTDIR') return null
    throw error
  }
}
