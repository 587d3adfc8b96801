/** The node's database: what it is made of, and how an older one becomes today's. */

import { chmodSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { type Generated, Kysely } from 'kysely'
import { nodeSqliteDialect } from './dialect.ts'
import { openWhole, requireWhole } from './damage.ts'
import { NO_LOG, openLogSync } from './log-sync.ts'
import { openWrites, type Writes } from './writes.ts'

export interface Tables {
  /** One row for each VPS. `record` is JSON (VpsRecord); name and base are beside it to be unique. */
  vps: { id: number; name: string; base: number; record: string }
  /** An address belongs to one VPS. */
  address: { address: string; vps: number }
  task: {
    id: Generated<number>
    kind: string
    vps: number | null
    subject: string
    state: string
    params: string
    progress: string | null
    result: string | null
    error: string | null
    cancellable: number
    created_at: string
    started_at: string | null
    ended_at: string | null
  }
  task_line: { task: number; at: string; text: string }
  event: { id: number; at: string; kind: string; vps: number | null; data: string }
  meta: { key: string; value: string }
}

export interface Store extends AsyncDisposable {
  /** Reads, and makes the statements that `write` takes. */
  readonly db: Kysely<Tables>
  readonly write: Writes['write']
  meta(key: string): Promise<string | null>
  setMeta(key: string, value: string): Promise<void>
  /** Whether the file that is open is the one that lies at its path: what is written to another one is gone with this process. */
  inPlace(): boolean
}

/** Each entry is one step of the schema; never changed, only added to. */
const MIGRATIONS = [
  `create table vps (id integer primary key, name text not null unique, base integer not null unique, record text not null) strict;
   create table address (address text primary key, vps integer not null references vps (id) on delete cascade) strict;
   create table task (id integer primary key autoincrement, kind text not null, vps integer, subject text not null, state text not null,
     params text not null, progress text, result text, error text, cancellable integer not null,
     created_at text not null, started_at text, ended_at text) strict;
   create index task_state on task (state);
   create table task_line (task integer not null references task (id) on delete cascade, at text not null, text text not null) strict;
   create index task_line_task on task_line (task);
   create table event (id integer primary key autoincrement, at text not null, kind text not null, vps integer, data text not null) strict;
   create table meta (key text primary key, value text not null) strict;`,
]

/** @param file a path, or ":memory:" @param warn told when the file is damaged, and a new one is begun */
export function openStore(file: string, warn: (message: string) => void = () => undefined): Store {
  const database = openWhole(file, () => openFile(file), warn)
  const db = new Kysely<Tables>({ dialect: nodeSqliteDialect(database) })
  const log = file === ':memory:' ? NO_LOG : openLogSync(file)
  const { write, settle } = openWrites(database, log.sync, endProcess)
  const opened = inodeOf(file)
  return {
    db,
    write,
    async meta(key) {
      const row = await db.selectFrom('meta').select('value').where('key', '=', key).executeTakeFirst()
      return row?.value ?? null
    },
    async setMeta(key, value) {
      await write(
        db
          .insertInto('meta')
          .values({ key, value })
          .onConflict((conflict) => conflict.column('key').doUpdateSet({ value })),
      )
    },
    inPlace: () => inodeOf(file) === opened,
    async [Symbol.asyncDispose]() {
      await settle()
      await db.destroy()
      // Kysely closes only what it was asked for something.
      if (database.isOpen) database.close()
      // Of what came meanwhile.
      await settle()
      await log[Symbol.asyncDispose]()
    },
  }
}

/** The next one reads what is really on the disk. */
function endProcess(cause: unknown): void {
  setImmediate(() => {
    throw new Error(`the database could not be written to the disk: ${(cause as Error).message}`, { cause })
  })
}

/** null: there is none. */
function inodeOf(file: string): string | null {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true })
  return found === undefined ? null : `${found.dev} ${found.ino}`
}

function openFile(file: string): DatabaseSync {
  const database = new DatabaseSync(file)
  try {
    database.exec('pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on; pragma busy_timeout = 5000')
    requireWhole(database)
    if (file !== ':memory:') chmodSync(file, 0o600)
    migrate(database, file)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function migrate(database: DatabaseSync, file: string): void {
  const { user_version: version } = database.prepare('pragma user_version').get() as { user_version: number }
  if (version > MIGRATIONS.length) {
    throw new Error(
      `${file} was written by a newer Insula (schema ${version}, this one knows ${MIGRATIONS.length}); install that version again`,
    )
  }
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < version) continue
    database.exec(`begin immediate; ${step}; pragma user_version = ${index + 1}; commit`)
  }
}
