/**
 * Waits for the disk without making anybody else wait: SQLite's own wait (synchronous = full) keeps the whole thread from everything else, for every
 * commit. With synchronous = normal a commit is appended to the log, which is only written to the disk before it is copied into the database;
 * so a commit is durable when the log's file is. https://www.sqlite.org/wal.html
 */

import { close, closeSync, fdatasync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

export interface LogSync extends AsyncDisposable {
  /** Resolves when every commit before the call is on the disk. fdatasync(2) */
  sync(): Promise<void>
}

/** @param file of the database, in WAL mode and read from: its log is there */
export function openLogSync(file: string): LogSync {
  const log = openSync(`${file}-wal`, 'r')
  // Its name as well, which SQLite would see to with its own first wait.
  const directory = openSync(dirname(file), 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
  return {
    sync: () => promisify(fdatasync)(log),
    [Symbol.asyncDispose]: () => promisify(close)(log),
  }
}

/** For a database in memory. */
export const NO_LOG: LogSync = { sync: async () => undefined, [Symbol.asyncDispose]: async () => undefined }
