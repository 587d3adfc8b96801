/**
 * A database file that is damaged. It is put aside and a new one begun: private areas hold copies of all records, and a daemon that answers can
 * tell that they are to be recovered; one that does not start can tell nothing.
 */

import { existsSync, renameSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'

/** Primary result codes of SQLite: https://www.sqlite.org/rescode.html */
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** What lies beside a database belongs to it: without its log the file is not what it was. */
const FILES = ['', '-wal', '-shm'] as const

/**
 * What `open` makes of the file, or of a new one when that is damaged. `open` closes what it opened when it fails.
 * @param log told of a damaged one @throws whatever else keeps it from being opened
 */
export function openWhole<T>(file: string, open: () => T, log: (message: string) => void): T {
  try {
    return open()
  } catch (error) {
    if (!isDamage(error)) throw error
    const aside = putAside(file)
    log(
      `the database ${file} is damaged (${(error as Error).message}); it is kept as ${aside}, and a new one is begun: ` +
        '`insula recover` fills it from the private areas',
    )
    return open()
  }
}

class Damaged extends Error {
  override readonly name = 'Damaged'
}

/** @throws Damaged */
export function requireWhole(database: DatabaseSync): void {
  const found = database.prepare('pragma quick_check(1)').all() as { quick_check: string }[]
  const [first] = found
  if (first?.quick_check !== 'ok') throw new Damaged(first?.quick_check.replaceAll(/\s+/g, ' ') ?? 'its check says nothing')
}

function isDamage(error: unknown): boolean {
  if (error instanceof Damaged) return true
  const code = (error as { errcode?: unknown } | null)?.errcode
  // The lowest byte is the primary code.
  return typeof code === 'number' && [SQLITE_CORRUPT, SQLITE_NOTADB].includes(code & 0xff)
}

function putAside(file: string): string {
  const aside = `${file}.damaged-${new Date().toISOString().replaceAll(':', '')}`
  for (const suffix of FILES) if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix)
  return aside
}
