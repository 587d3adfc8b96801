/** An archive as a file that the daemon can read: standard input becomes one, for as long as it is needed. */

import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'

export interface ArchiveFile extends AsyncDisposable {
  readonly path: string
  /** It was there before. */
  readonly isKept: boolean
}

/** Not /tmp, which may be memory. */
const SPOOL = '/var/tmp/insula-import-'

export async function archiveOf(file: string): Promise<ArchiveFile> {
  if (file !== '-') return { path: resolve(file), isKept: true, [Symbol.asyncDispose]: async () => undefined }
  const directory = await mkdtemp(SPOOL)
  const gone = (): Promise<void> => rm(directory, { recursive: true, force: true })
  try {
    const path = join(directory, 'archive')
    await pipeline(process.stdin, createWriteStream(path, { mode: 0o600 }))
    return { path, isKept: false, [Symbol.asyncDispose]: gone }
  } catch (error) {
    await gone()
    throw error
  }
}
