/**
 * What is known of contents without reading them: the digest of each private file that was looked at, and those that layers name. A cache; it can
 * be deleted at any time, and a wrong line in it does no harm, because bytes are compared before two files become one.
 */

import { rmSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { VzfsError } from '../errors.ts'
import type { LinkCount } from './links-count.ts'
import type { Share } from './report.ts'
import type { PrivateFile } from './walk.ts'

export type Identity = Pick<PrivateFile, 'inode' | 'ctime' | 'size'>

/** What the last look at an area came to. */
export interface AreaLook {
  readonly share: Share
  /** Of the area as it was left; null: it may have changed since without showing it. */
  readonly sign: string | null
  /** Of its links, and what they are; null when they were not counted. */
  readonly linksSign: string
  readonly links: LinkCount | null
  /** When it began, nanoseconds since the epoch. */
  readonly at: bigint
}

export interface Digests extends Disposable {
  look(area: number): AreaLook | null
  /** Those of its files that have not changed since. */
  known<T extends Identity>(area: number, found: readonly T[]): Map<T, string>
  /** Of all files that are known of it. */
  ofArea(area: number): string[]
  /** Whether an area other than this one has it and lets others have it. */
  isElsewhere(area: number, digest: string): boolean
  /** Whether a layer names it. */
  isInLayers(digest: string): boolean
  isInLayer(digest: string, layer: string): boolean
  knowsLayer(layer: string): boolean
}

export interface WritableDigests extends Digests {
  /** Replaces what is known of an area's files. */
  remember(area: number, share: Share, digests: ReadonlyMap<PrivateFile, string>): void
  /** How that was left, and files that are no private ones any more. */
  leave(area: number, look: AreaLook, gone: readonly PrivateFile[]): void
  rememberLayer(layer: string, digests: Iterable<string>): void
  /** Areas and layers that are gone. */
  forgetOthers(areas: readonly number[], layers: readonly string[]): void
}

const SCHEMA = `
  create table if not exists area (
    id integer primary key, share text not null, sign text, links_sign text not null default '', links integer, link_bytes integer,
    at integer not null default 0) strict;
  create table if not exists file (
    area integer not null, inode integer not null, ctime integer not null, size integer not null, digest blob not null,
    primary key (area, inode)) strict, without rowid;
  create index if not exists file_digest on file (digest);
  create table if not exists layer (name text primary key) strict;
  create table if not exists named (digest blob not null, layer text not null, primary key (digest, layer)) strict, without rowid;
`

/** @throws VzfsError no_space, also in what is written later */
export function openDigests(path: string): WritableDigests {
  try {
    return open(path)
  } catch (error) {
    if (isFull(error, path)) throw noRoom(error, path)
    // Damaged, or of another version: it is only a cache.
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
    return open(path)
  }
}

/** For one look, which waits for nobody. null: nothing is known. */
export function readDigests(path: string): Digests | null {
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 0 })
    try {
      return reading(database)
    } catch (error) {
      database.close()
      throw error
    }
  } catch {
    return null
  }
}

function open(path: string): WritableDigests {
  const database = new DatabaseSync(path, { timeout: 10_000 })
  try {
    // After a power loss it may be damaged; then it is made anew.
    database.exec('pragma journal_mode = wal; pragma synchronous = off;')
    database.exec(SCHEMA)
    return { ...reading(database), ...writing(database, path) }
  } catch (error) {
    database.close()
    throw error
  }
}

/** SQLite calls it an error of the disk when it is its shared memory that there is no room for. */
function isFull(error: unknown, path: string): boolean {
  const primary = Number((error as { errcode?: unknown } | null)?.errcode) & 0xff
  if (primary === SQLITE_FULL) return true
  if (primary !== SQLITE_IOERR && primary !== SQLITE_CANTOPEN) return false
  const { bavail, bsize, ffree } = statfsSync(dirname(path))
  return bavail * bsize < LITTLE || ffree < FEW
}

const [SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN] = [10, 13, 14]
const [LITTLE, FEW] = [1 << 20, 8]

const noRoom = (error: unknown, path: string): VzfsError =>
  new VzfsError('no_space', `${path} cannot be written: the volume is full`, { cause: error })

const bytes = (digest: string): Buffer => Buffer.from(digest, 'hex')
const hex = (digest: unknown): string => (digest instanceof Uint8Array ? Buffer.from(digest).toString('hex') : '')

function reading(database: DatabaseSync): Digests {
  const lookOf = database.prepare('select share, sign, links_sign, links, link_bytes, at from area where id = ?')
  lookOf.setReadBigInts(true)
  const filesOf = database.prepare('select inode, ctime, size, digest from file where area = ?')
  filesOf.setReadBigInts(true)
  const elsewhere = database.prepare(
    "select 1 from file join area on area.id = file.area where digest = ? and area <> ? and share = 'all' limit 1",
  )
  const isNamed = database.prepare('select 1 from named where digest = ? limit 1')
  const isKnown = database.prepare('select 1 from layer where name = ?')
  const isNamedBy = database.prepare('select 1 from named where digest = ? and layer = ?')
  return {
    look(area) {
      const row = lookOf.get(area)
      if (row === undefined) return null
      const { share, sign, links_sign: linksSign, links, link_bytes: linkBytes, at } = row
      return {
        share: String(share) as Share,
        sign: sign === null ? null : String(sign),
        linksSign: String(linksSign),
        links: links === null ? null : { count: Number(links), bytes: Number(linkBytes) },
        at: typeof at === 'bigint' ? at : 0n,
      }
    },
    known<T extends Identity>(area: number, found: readonly T[]) {
      const rows = new Map(filesOf.all(area).map((row) => [row['inode'], row] as const))
      const digests = new Map<T, string>()
      for (const file of found) {
        const row = rows.get(file.inode)
        if (row?.['ctime'] !== file.ctime || row['size'] !== BigInt(file.size)) continue
        digests.set(file, hex(row['digest']))
      }
      return digests
    },
    ofArea: (area) => filesOf.all(area).map((row) => hex(row['digest'])),
    isElsewhere: (area, digest) => elsewhere.get(bytes(digest), area) !== undefined,
    isInLayers: (digest) => isNamed.get(bytes(digest)) !== undefined,
    isInLayer: (digest, layer) => isNamedBy.get(bytes(digest), layer) !== undefined,
    knowsLayer: (layer) => isKnown.get(layer) !== undefined,
    [Symbol.dispose]: () => database.close(),
  }
}

function writing(database: DatabaseSync, path: string): Omit<WritableDigests, keyof Digests> {
  const addFile = database.prepare('insert or replace into file (area, inode, ctime, size, digest) values (?, ?, ?, ?, ?)')
  const dropFile = database.prepare('delete from file where area = ? and inode = ?')
  const inodesOf = database.prepare('select inode, ctime, size from file where area = ?')
  inodesOf.setReadBigInts(true)
  // What was told of links was told of those that another share may have.
  const begin = database.prepare(
    `insert into area (id, share) values (?, ?) on conflict (id) do update set
      sign = null, links = case when share = excluded.share then links end, share = excluded.share`,
  )
  const addNamed = database.prepare('insert or ignore into named (digest, layer) values (?, ?)')
  const together = (body: () => void): void => {
    try {
      database.exec('begin immediate')
      body()
      database.exec('commit')
    } catch (error) {
      if (database.isTransaction) database.exec('rollback')
      throw isFull(error, path) ? noRoom(error, path) : error
    }
  }
  return {
    remember: (area, share, digests) =>
      together(() => {
        begin.run(area, share)
        const before = new Map(inodesOf.all(area).map((row) => [row['inode'], row] as const))
        for (const [{ inode, ctime, size }, digest] of digests) {
          const row = before.get(inode)
          before.delete(inode)
          if (row?.['ctime'] === ctime && row['size'] === BigInt(size)) continue
          addFile.run(area, inode, ctime, size, bytes(digest))
        }
        for (const inode of before.keys()) dropFile.run(area, inode ?? null)
      }),
    leave: (area, { share, sign, linksSign, links, at }, gone) =>
      together(() => {
        database
          .prepare(
            'insert or replace into area (id, share, sign, links_sign, links, link_bytes, at) values (?, ?, ?, ?, ?, ?, ?)',
          )
          .run(area, share, sign, linksSign, links?.count ?? null, links?.bytes ?? null, at)
        for (const { inode } of gone) dropFile.run(area, inode)
      }),
    rememberLayer: (layer, digests) =>
      together(() => {
        database.prepare('insert or ignore into layer (name) values (?)').run(layer)
        for (const digest of digests) addNamed.run(bytes(digest), layer)
      }),
    forgetOthers(areas, layers) {
      const [living, standing] = [new Set(areas), new Set(layers)]
      const ids = database
        .prepare('select id from area')
        .all()
        .map(({ id }) => Number(id))
      const names = database
        .prepare('select name from layer')
        .all()
        .map(({ name }) => String(name))
      const [gone, fallen] = [ids.filter((id) => !living.has(id)), names.filter((name) => !standing.has(name))]
      if (gone.length + fallen.length === 0) return
      together(() => {
        for (const id of gone) {
          database.prepare('delete from file where area = ?').run(id)
          database.prepare('delete from area where id = ?').run(id)
        }
        for (const name of fallen) {
          database.prepare('delete from named where layer = ?').run(name)
          database.prepare('delete from layer where name = ?').run(name)
        }
      })
    },
  }
}
