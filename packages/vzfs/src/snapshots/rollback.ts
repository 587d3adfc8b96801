/**
 * The last part of a rollback. Everything that will be in place of what is there has been made ready elsewhere and is on disk; by one rename it became
 * `areas/ID/rollback`, and from then on it is certain to happen:
 *
 *   rollback/{upper,links?,area.json,quota.json}       what the area will have
 *   rollback/before/{snapshot.json,record.json,...}    a snapshot that still wants upper and links of now
 *   rollback/journal.json                              the name of that snapshot, and which of the two have links
 *
 * Each step looks whether it was done, so whoever finds the directory does them all: this process, or the next that opens the volume.
 */

import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory } from '../durable.ts'
import { damaged, isRecord, readJson } from '../json-file.ts'
import { isSnapshotName } from '../names.ts'
import type { Trash } from '../trash.ts'
import { type AreaPaths, areaPaths, snapshotPaths } from '../volume-paths.ts'
import { exists } from './copied-area.ts'

export interface RollbackJournal {
  readonly before: string
  /** Whether the area has had, and will have, an own metadata layer. */
  readonly hadLinks: boolean
  readonly getsLinks: boolean
  /** The same of what says what they are. */
  readonly hadRecord: boolean
  readonly getsRecord: boolean
}

/** Moves something on the volume. rename(2) */
export type Move = (from: string, to: string) => Promise<void>
export const move: Move = (from, to) => rename(from, to)

export const rollbackPaths = (directory: string) =>
  ({
    ...areaPaths(directory),
    journal: join(directory, 'journal.json'),
    before: snapshotPaths(join(directory, 'before')),
  }) as const

/** Idempotent; nothing when none is under way. @param base whose files what is left over is */
export async function finishRollback(area: AreaPaths, trash: Trash, base: number | undefined, moved: Move): Promise<void> {
  const made = rollbackPaths(area.rollback)
  const journal = await readRollbackJournal(area)
  if (journal === null) return
  const { before, hadLinks, getsLinks, hadRecord, getsRecord } = journal
  await exchange(moved, made.upper, area.upper, made.before.upper, true, true)
  await exchange(moved, made.links, area.links, made.before.links, hadLinks, getsLinks)
  await exchange(moved, made.linksRecord, area.linksRecord, made.before.linksRecord, hadRecord, getsRecord)
  for (const [from, to] of [
    [made.info, area.info],
    [made.quota, area.quota],
  ] as const)
    if (await exists(from)) await moved(from, to)
  await mkdir(area.snapshots, { recursive: true, mode: 0o700 })
  // Only whole: it has got upper and links above.
  if (await exists(made.before.directory)) await moved(made.before.directory, area.snapshot(before).directory)
  await syncDirectory(area.snapshots)
  await syncDirectory(area.directory)
  await trash.discard(area.rollback, base)
}

/** null: nothing is left to be done. */
export async function readRollbackJournal(area: AreaPaths): Promise<RollbackJournal | null> {
  const { journal } = rollbackPaths(area.rollback)
  const value = await readJson(journal)
  return value === undefined ? null : parseJournal(journal, value)
}

/** What is there goes to `aside`, then what was made takes its place. */
async function exchange(moved: Move, made: string, place: string, aside: string, had: boolean, gets: boolean): Promise<void> {
  // `aside` is gone with its directory when the last step was done already.
  const stepsLeft = await exists(join(aside, '..'))
  if (had && stepsLeft && !(await exists(aside))) await moved(place, aside)
  if (gets && (await exists(made))) await moved(made, place)
}

function parseJournal(path: string, value: unknown): RollbackJournal {
  if (!isRecord(value)) throw damaged(path, 'it is not an object')
  // One of an earlier version knows of no records.
  const { before, hadLinks, getsLinks, hadRecord = false, getsRecord = false } = value
  if (typeof before !== 'string' || !isSnapshotName(before)) throw damaged(path, `before is ${JSON.stringify(before)}`)
  const said = { hadLinks, getsLinks, hadRecord, getsRecord }
  if (!isSaid(said)) throw damaged(path, 'it does not say what it has')
  return { before, ...said }
}

const isSaid = (said: Readonly<Record<string, unknown>>): said is Omit<RollbackJournal, 'before'> =>
  Object.values(said).every((one) => typeof one === 'boolean')
