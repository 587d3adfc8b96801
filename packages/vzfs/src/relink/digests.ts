/**
 * What is known of contents without reading them: the digest of each private file that was looked at, and those that layers name. A cache; it can
 * be deleted at any time, and a wrong line in it does no harm, because bytes are compared before two files become one.
 */

import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Share } from './report.ts'
import type { PrivateFile } from './walk.ts'

export interface Digests extends Disposable {
  /** Of an area's files, those that have not changed since. */
  known(area: number, found: readonly PrivateFile[]): Map<PrivateFile, string>
  /** Replaces what is known of an area. */
  remember(area: number, share: Share, digests: ReadonlyMap<PrivateFile, string>): void
  /** Whether an area other than this one has it and lets others have it. */
  isElsewhere(area: number, digest: string): boolean
  knowsLayer(layer: string): boolean
  rememberLayer(layer: string, digests: Iterable<string>): void
  /** Whether one of these layers names it. */
  isInLayers(digest: string): boolean
  /** Areas and layers that are gone. */
  forgetOthers(areas: readonly number[], layers: readonly string[]): void
}

const SCHEMA = `
  create table if not exists area (id integer primary key, share text not null) strict;
  create table if not exists file (
    area integer not null, inode integer not null, ctime integer not null, size integer not null, digest blob not null,
    primary key (area, inode)) strict, without rowid;
  create index if not exists file_digest on file (digest);
  create table if not exists layer (name text primary key) strict;
  create table if not exists named (digest blob not null, layer text not null, primary key (digest, layer)) strict, without rowid;
`

export function openDigests(path: string): Digests {
  try {
    return open(path)
  } catch {
    // Damaged, or of another version: it is only a cache.
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
    return open(path)
  }
}

function open(path: string): Digests {
  const database = new DatabaseSync(path, { timeout: 10_000 })
  try {
    // After a power loss it may be damaged; then it is made anew.
    database.exec('pragma journal_mode = wal; pragma synchronous = off;')
    database.exec(SCHEMA)
    return using(database)
  } catch (error) {
    database.close()
    throw error
  }
}

function using(database: DatabaseSync): Digests {
  const filesOf = database.prepare('select inode, ctime, size, digest from file where area = ?')
  filesOf.setReadBigInts(true)
  const addFile = database.prepare('insert or replace into file (area, inode, ctime, size, digest) values (?, ?, ?, ?, ?)')
  const elsewhere = database.prepare(
    "select 1 from file join area on area.id = file.area where digest = ? and area <> ? and share = 'all' limit 1",
  )
  const addNamed = database.prepare('insert or ignore into named (digest, layer) values (?, ?)')
  const isNamed = database.prepare('select 1 from named where digest = ? limit 1')
  const bytes = (digest: string): Buffer => Buffer.from(digest, 'hex')
  const together = (body: () => void): void => {
    database.exec('begin immediate')
    try {
      body()
      database.exec('commit')
    } catch (error) {
      database.exec('rollback')
      throw error
    }
  }
  const forgetArea = (area: number): void => {
    database.prepare('delete from file where area = ?').run(area)
    database.prepare('delete from area where id = ?').run(area)
  }
  return {
    known(area, found) {
      const rows = new Map(filesOf.all(area).map((row) => [row['inode'], row] as const))
      const digests = new Map<PrivateFile, string>()
      for (const file of found) {
        const row = rows.get(file.inode)
        if (row?.['ctime'] !== file.ctime || row['size'] !== BigInt(file.size)) continue
        const { digest } = row
        if (digest instanceof Uint8Array) digests.set(file, Buffer.from(digest).toString('hex'))
      }
      return digests
    },
    remember: (area, share, digests) =>
      together(() => {
        forgetArea(area)
        database.prepare('insert into area (id, share) values (?, ?)').run(area, share)
        for (const [{ inode, ctime, size }, digest] of digests) addFile.run(area, inode, ctime, size, bytes(digest))
      }),
    isElsewhere: (area, digest) => elsewhere.get(bytes(digest), area) !== undefined,
    knowsLayer: (layer) => database.prepare('select 1 from layer where name = ?').get(layer) !== undefined,
    rememberLayer: (layer, digests) =>
      together(() => {
        database.prepare('insert or ignore into layer (name) values (?)').run(layer)
        for (const digest of digests) addNamed.run(bytes(digest), layer)
      }),
    isInLayers: (digest) => isNamed.get(bytes(digest)) !== undefined,
    forgetOthers: (areas, layers) =>
      together(() => {
        const living = new Set(areas)
        for (const { id } of database.prepare('select id from area').all()) if (!living.has(Number(id))) forgetArea(Number(id))
        const standing = new Set(layers)
        for (const { name } of database.prepare('select name from layer').all()) {
          if (standing.has(String(name))) continue
          database.prepare('delete from named where layer = ?').run(String(name))
          database.prepare('delete from layer where name = ?').run(String(name))
        }
      }),
    [Symbol.dispose]: () => database.close(),
  }
}
