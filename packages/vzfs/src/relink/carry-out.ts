/** What a plan says, up to the journal, and all that follows from it. */

import { chmodSync, closeSync, fsyncSync, linkSync, lchownSync, mkdirSync, openSync, unlinkSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import type { FileCalls } from '@insula/kernel'
import type { Crew } from '../build/crew.ts'
import { type Entry, entryPath, readablePath } from '../build/entry.ts'
import { digestAt, hashTask } from '../build/hash.ts'
import { applyMetadata } from '../build/metadata.ts'
import { renameIntoPool } from '../build/place.ts'
import { makeLink, REDIRECT } from '../build/stub.ts'
import { writeLinksRecord } from '../links/record.ts'
import { poolKey } from '../names.ts'
import { decideHere } from '../thread.ts'
import { areaPaths } from '../volume-paths.ts'
import { copyTask, linkTask } from './adopt.ts'
import { settle } from './apply.ts'
import { isInPool } from './in-pool.ts'
import { type Journal, writeJournal } from './journal.ts'
import { type LowerNeed, statOrNull } from './lower.ts'
import { OPAQUE } from './marks.ts'
import { ownCopies } from './own-copies.ts'
import { OPAQUE_MARK, type Plan, type SharedFile, targetOf } from './plan.ts'
import type { RelinkJob } from './relink.ts'
import { twinEntry, withoutMarks } from './twin-entry.ts'
import type { Directory, PrivateFile } from './walk.ts'

export async function carryOut(
  files: FileCalls,
  job: RelinkJob,
  crew: Crew,
  need: LowerNeed,
  root: Directory,
  { twins, shared, copies, kept, unmarked, own, missing }: Plan,
  step: () => void,
) {
  const { upper, newLinks, newLinksRecord, relink: journal } = areaPaths(job.directory)
  const [from, to] = [Buffer.from(upper), Buffer.from(newLinks)]
  for (const { path, directory, mark } of twins) {
    step()
    makeTwin(files, entryPath(to, path), twinEntry(files, need, from, directory), mark)
  }
  for (const { path, from: old } of kept) {
    step()
    linkSync(entryPath(need.links ?? to, old), entryPath(to, path))
  }
  for (const copy of copies) {
    step()
    makeLink(files, entryPath(to, copy.path), withoutMarks(copy.entry()), targetOf(copy))
  }
  const ready = await ownCopies(files, job, crew, need, own, missing, step)
  const { added: newPoolBytes, stale } = await intoPool(files, job, crew, shared, step)
  const [fresh, outdated] = [shared.filter(({ digest }) => !stale.has(digest)), shared.filter(({ digest }) => stale.has(digest))]
  step()
  const entries = fresh.map(({ file, digest }) => ({ entry: withoutMarks(file.entry()), digest }))
  const task = linkTask({ upper, links: newLinks, pool: job.pool }, entries)
  await crew.run(task, () => {})
  const [linked, unlike] = [
    fresh.filter((_, index) => task.unlike[index] === 0),
    fresh.filter((_, index) => task.unlike[index] === 1),
  ]
  // Links-only directories are seen as they are, and making something in them changed their times.
  for (const { path, directory } of twins)
    if (directory.upper === null) {
      const { atime, mtime } = twinEntry(files, need, from, directory)
      files.setTimes(entryPath(to, path), atime, mtime)
    }
  step()
  writeLinksRecord(files, newLinks, newLinksRecord, job.base)
  step()
  sync(files, job.directory)
  step()
  const removed = [...linked.map(({ file }) => file), ...copies.filter(({ anchor }) => !anchor)]
  const named = ({ path, inode }: { path: string; inode: bigint }) => ({ path, inode: `${inode}` })
  decideHere()
  writeJournal(journal, {
    links: `${statOrNull(to)?.ino}`,
    unmarked: unmarked.map(named),
    redirected: copies.filter(({ anchor }) => anchor).map((copy) => ({ ...named(copy), to: `/${copy.path}` })),
    placed: ready.placed,
    removed: removed.map(named),
    times: timesOf(need, root, new Set([...removed, ...ready.placed].map(({ path }) => parentOf(path)))),
  } satisfies Journal)
  const fd = openSync(job.directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  settle(files, job, step)
  return {
    linked: linked.map(({ file }) => file),
    /** Files of which other bytes were read at some time than they have. */
    other: [...outdated, ...unlike].map(({ file }) => file),
    ownFiles: own.length,
    ownBytes: ready.bytes,
    files: linked.length,
    bytes: linked.reduce((total, { file }) => total + file.bytes, 0),
    newPoolBytes,
    unlike: unlike.map(({ file }) => readablePath(file.path)),
  }
}

function makeTwin(files: FileCalls, path: Buffer, entry: Entry, mark: string | null): void {
  if (entry.path !== '') mkdirSync(path, 0o700)
  applyMetadata(files, path, entry)
  if (mark === OPAQUE_MARK) files.setXattr(path, OPAQUE, Buffer.from('y'))
  else if (mark !== null) files.setXattr(path, REDIRECT, Buffer.from(mark, 'latin1'))
}

/**
 * What was read at some time is what is there now only if the index is right: it is a cache, and a loss of power may take back what a file had when it was
 * read. So what comes into the pool is read as it lies there.
 *
 * @returns bytes that the pool did not have, and digests that are not those of their files
 */
async function intoPool(
  files: FileCalls,
  job: RelinkJob,
  crew: Crew,
  shared: readonly SharedFile[],
  step: () => void,
): Promise<{ readonly added: number; readonly stale: ReadonlySet<string> }> {
  const absent = new Map<string, PrivateFile>()
  for (const { file, digest } of shared) if (!absent.has(digest) && !isInPool(job.pool, digest)) absent.set(digest, file)
  const upper = Buffer.from(areaPaths(job.directory).upper)
  const copies = [...absent].map(([digest, file]) => ({ digest, file, at: `${job.scratch}/${randomBytes(8).toString('hex')}` }))
  step()
  const from = copies.map(({ file }) => entryPath(upper, file.path).toString('latin1'))
  await crew.run(
    copyTask(
      from,
      copies.map(({ at }) => at),
    ),
    () => {},
  )
  const task = hashTask(copies.map(({ at }) => at))
  await crew.run(task, () => {})
  step()
  sync(files, job.scratch)
  const stale = new Set<string>()
  let added = 0
  for (const [index, { digest, file, at }] of copies.entries()) {
    step()
    const path = Buffer.from(at)
    if (digestAt(task, index) !== digest) {
      stale.add(digest)
      unlinkSync(path)
      continue
    }
    chmodSync(path, 0o444)
    lchownSync(path, 0, 0)
    if (renameIntoPool(files, path, Buffer.from(job.pool + poolKey(digest)))) added += file.bytes
    else unlinkSync(path)
  }
  return { added, stale }
}

/** Of directories that a change of what is in them changes. */
function timesOf(need: LowerNeed, directory: Directory, changed: ReadonlySet<string>): Journal['times'] {
  const { path, upper } = directory
  const stats = upper ?? (need.links === null ? null : statOrNull(entryPath(need.links, directory.place.own ?? '')))
  const own = stats !== null && changed.has(path) ? [{ path, atime: `${stats.atimeNs}`, mtime: `${stats.mtimeNs}` }] : []
  return [...own, ...directory.directories.flatMap((child) => timesOf(need, child, changed))]
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))

function sync(files: FileCalls, path: string): void {
  const fd = openSync(path, 'r')
  try {
    files.syncFileSystem(fd)
  } finally {
    closeSync(fd)
  }
}
