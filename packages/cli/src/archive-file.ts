/**
 * An archive as a file that the daemon can read. Standard input becomes one without a name: the daemon finds it by way of this process, and it is gone with it,
 * however that ends. proc(5), /proc/PID/fd
 */

import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ApiFailure } from '@insula/contract/api-failure'
import { errnoName } from './errno.ts'

export interface ArchiveFile extends AsyncDisposable {
  readonly path: string
  /** It was there before. */
  readonly isKept: boolean
}

/** @param spool where standard input is kept; not /tmp, which may be memory */
export async function archiveOf(file: string, spool = '/var/tmp'): Promise<ArchiveFile> {
  if (file !== '-') return { path: resolve(file), isKept: true, [Symbol.asyncDispose]: async () => undefined }
  try {
    const kept = await nameless(spool)
    try {
      await kept.writeFile(process.stdin)
    } catch (error) {
      await kept.close()
      throw error
    }
    return { path: `/proc/${process.pid}/fd/${kept.fd}`, isKept: false, [Symbol.asyncDispose]: () => kept.close() }
  } catch (error) {
    throw unkept(error, spool)
  }
}

async function nameless(spool: string): Promise<FileHandle> {
  const directory = await mkdtemp(join(spool, 'insula-import-'))
  try {
    return await open(join(directory, 'archive'), 'wx+', 0o600)
  } finally {
    await rm(directory, { recursive: true })
  }
}

function unkept(error: unknown, spool: string): unknown {
  const code = errnoName(error)
  const isFull = code === 'ENOSPC' || code === 'EDQUOT'
  if (!isFull && !['EACCES', 'EROFS', 'ENOENT', 'ENOTDIR'].includes(code)) return error
  return new ApiFailure(
    {
      code: isFull ? 'no_space' : 'invalid_request',
      message: `cannot keep what comes from standard input: ${isFull ? `there is no room for it in ${spool}` : String(error)}`,
      remedy: 'name another directory by TMPDIR, or give the archive as a file',
    },
    { cause: error },
  )
}
