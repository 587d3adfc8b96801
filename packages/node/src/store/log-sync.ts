/**
 * Waits for the disk without making anybody else wait: SQLite's own wait (synchronous = full) keeps the whole thread from everything else, for every
 * commit. With synchronous = normal a commit is appended to the log, which is only written to the disk before it is copied into the database;
 * so a commit is durable when the log's file is. https://www.sqlite.org/wal.html
 */

import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface LogSync extends AsyncDisposable {
  /** Resolves when every commit before the call is on the disk. fdatasync(2) */
  sync(): Promise<void>
}

/** @param file of the database, in WAL mode; something has been committed */
export function openLogSync(file: string): LogSync {
  let log: Promise<FileHandle> | null = null
  const opened = async (): Promise<FileHandle> => {
    const handle = await open(`${file}-wal`, 'r')
    // Its name as well, which SQLite would see to with its own first wait.
    const directory = await open(dirname(file), 'r')
    try {
      await directory.sync()
    } finally {
      await directory.close()
    }
    return handle
  }
  return {
    async sync() {
      const handle = await (log ??= opened())
      await handle.datasync()
    },
    async [Symbol.asyncDispose]() {
      await (await log)?.close()
    },
  }
}

/** For a database in memory. */
export const NO_LOG: LogSync = { sync: async () => undefined, [Symbol.asyncDispose]: async () => undefined }
