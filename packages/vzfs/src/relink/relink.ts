/**
 * Relink of one area that is not mounted: private files whose contents others have become links of the area's own metadata layer.
 *
 * The new links are made from nothing beside the old ones, as what upper needs of them now; then a journal says what is left to be done (settle).
 *
 * INVARIANT: until the journal is there, nothing has changed; from then on all of it will, whoever finishes it.
 */

import { chmodSync, closeSync, fsyncSync, linkSync, lchownSync, mkdirSync, openSync, readdirSync, unlinkSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import type { FileCalls } from '@insula/kernel'
import { type Crew, startCrew } from '../build/crew.ts'
import { type Entry, entryPath, readablePath } from '../build/entry.ts'
import { digestAt, hashTask } from '../build/hash.ts'
import { applyMetadata } from '../build/metadata.ts'
import { renameIntoPool } from '../build/place.ts'
import { readEntry, scan } from '../build/scan.ts'
import { makeLink, REDIRECT } from '../build/stub.ts'
import { poolKey } from '../names.ts'
import { decideHere } from '../thread.ts'
import { areaPaths } from '../volume-paths.ts'
import type { RelinkReport, Share } from './report.ts'
import { copyTask, linkTask } from './adopt.ts'
import { settle } from './apply.ts'
import { type Digests, openDigests } from './digests.ts'
import { type Journal, writeJournal } from './journal.ts'
import { type LowerNeed, statOrNull } from './lower.ts'
import { OPAQUE, OVERLAY } from './marks.ts'
import { OPAQUE_MARK, type Plan, plan, type SharedFile, targetOf } from './plan.ts'
import { type Directory, type PrivateFile, walk } from './walk.ts'

export interface RelinkJob {
  readonly area: number
  /** Of the area. `links.new` lies there, empty, in the area's account. */
  readonly directory: string
  readonly pool: string
  /** An empty directory outside of the area, on the same file system. */
  readonly scratch: string
  /** What the area consists of, top first. */
  readonly layers: readonly string[]
  /** Of the volume: what each is, by which it is known, and its tree. */
  readonly everyLayer: readonly { readonly identity: string; readonly tree: string }[]
  readonly everyArea: readonly number[]
  readonly index: string
  readonly share: Share
  readonly threads: number
  /** Only looks at what there is, so that other areas are told of it. */
  readonly survey: boolean
}

export async function relink(
  files: FileCalls,
  job: RelinkJob,
  progress: (done: number, total: number) => void,
  step: () => void = () => {},
): Promise<RelinkReport> {
  const started = performance.now()
  await using crew = startCrew(files, job.threads)
  using digests = openDigests(job.index)
  const { upper, links } = areaPaths(job.directory)
  const need: LowerNeed = {
    files,
    links: statOrNull(Buffer.from(links)) === null ? null : Buffer.from(links),
    layers: job.layers.map((layer) => Buffer.from(layer)),
  }
  const root = walk(need, Buffer.from(upper))
  const candidates = candidatesOf(root)
  const hashed = await hashAll(crew, job, digests, candidates, progress)
  const report = {
    looked: candidates.length,
    hashedFiles: hashed.fresh.length,
    hashedBytes: sum(hashed.fresh, ({ size }) => size),
  }
  if (job.survey) return { ...NOTHING, ...report, milliseconds: performance.now() - started }
  rememberLayers(files, job, digests)
  const may = new Map([...hashed.all].filter(([, digest]) => maybeShared(job, digests, digest)))
  const planned = plan(root, may)
  const before = linksBefore(files, need, job.pool)
  const done = isIdle(planned, before.count)
    ? { files: 0, bytes: 0, newPoolBytes: 0, unlike: [] }
    : await carryOut(files, job, crew, need, root, planned, step)
  return { ...NOTHING, ...report, ...done, linkedBytes: before.bytes, milliseconds: performance.now() - started }
}

const NOTHING: RelinkReport = {
  files: 0,
  bytes: 0,
  newPoolBytes: 0,
  linkedBytes: 0,
  looked: 0,
  hashedFiles: 0,
  hashedBytes: 0,
  unlike: [],
  milliseconds: 0,
}

const sum = <T>(values: readonly T[], of: (value: T) => number): number => values.reduce((total, value) => total + of(value), 0)

function candidatesOf(directory: Directory): PrivateFile[] {
  return [...directory.candidates, ...directory.directories.flatMap(candidatesOf)]
}

/** Reads what has changed since it was read last. */
async function hashAll(
  crew: Crew,
  { area, directory, share }: RelinkJob,
  digests: Digests,
  candidates: readonly PrivateFile[],
  progress: (done: number, total: number) => void,
) {
  const all = share === 'none' ? new Map<PrivateFile, string>() : digests.known(area, candidates)
  const fresh = share === 'none' ? [] : candidates.filter((file) => !all.has(file)).toSorted((a, b) => b.size - a.size)
  const upper = Buffer.from(areaPaths(directory).upper)
  const task = hashTask(fresh.map(({ path }) => entryPath(upper, path).toString('latin1')))
  await crew.run(task, (done) => progress(done, fresh.length))
  for (const [index, file] of fresh.entries()) all.set(file, digestAt(task, index))
  digests.remember(area, share, all)
  return { all, fresh }
}

/** Layers never change, so each is read once. */
function rememberLayers(files: FileCalls, { everyLayer, everyArea }: RelinkJob, digests: Digests): void {
  digests.forgetOthers(
    everyArea,
    everyLayer.map(({ identity }) => identity),
  )
  for (const { identity, tree } of everyLayer) {
    if (digests.knowsLayer(identity)) continue
    const named = scan(files, Buffer.from(tree)).flatMap(({ stub }) => (stub === null ? [] : [stub]))
    digests.rememberLayer(identity, new Set(named))
  }
}

function maybeShared({ share, area, pool }: RelinkJob, digests: Digests, digest: string): boolean {
  if (share === 'none') return false
  if (share === 'templates') return digests.isInLayers(digest)
  return isInPool(pool, digest) || digests.isElsewhere(area, digest)
}

const isInPool = (pool: string, digest: string): boolean => statOrNull(Buffer.from(pool + poolKey(digest))) !== null

function linksBefore(files: FileCalls, { links }: LowerNeed, pool: string): { readonly count: number; readonly bytes: number } {
  if (links === null) return { count: 0, bytes: 0 }
  let [count, bytes] = [0, 0]
  const pending: Buffer[] = [links]
  for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
    count++
    const stats = statOrNull(here)
    if (stats?.isDirectory() === true) {
      for (const name of readdirSync(here, { encoding: 'buffer' })) pending.push(Buffer.concat([here, Buffer.from('/'), name]))
    } else if (stats?.isFile() === true) {
      const key = files.getXattr(here, REDIRECT)?.toString('latin1') ?? ''
      bytes += Number(statOrNull(Buffer.from(pool + key))?.blocks ?? 0n) * 512
    }
  }
  return { count, bytes }
}

/** The new links would be the old ones. */
function isIdle({ twins, shared, copies, kept, unmarked }: Plan, before: number): boolean {
  return shared.length + copies.length + unmarked.length === 0 && twins.length + kept.length === before
}

async function carryOut(
  files: FileCalls,
  job: RelinkJob,
  crew: Crew,
  need: LowerNeed,
  root: Directory,
  { twins, shared, copies, kept, unmarked }: Plan,
  step: () => void,
) {
  const { upper, newLinks, relink: journal } = areaPaths(job.directory)
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
  const newPoolBytes = await intoPool(files, job, crew, shared, step)
  step()
  const entries = shared.map(({ file, digest }) => ({ entry: withoutMarks(file.entry()), digest }))
  const task = linkTask({ upper, links: newLinks, pool: job.pool }, entries)
  await crew.run(task, () => {})
  const [linked, unlike] = [
    shared.filter((_, index) => task.unlike[index] === 0),
    shared.filter((_, index) => task.unlike[index] === 1),
  ]
  // Links-only directories are seen as they are, and making something in them changed their times.
  for (const { path, directory } of twins)
    if (directory.upper === null) {
      const { atime, mtime } = twinEntry(files, need, from, directory)
      files.setTimes(entryPath(to, path), atime, mtime)
    }
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
    removed: removed.map(named),
    times: timesOf(root, new Set(removed.map(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf('/')))))),
  } satisfies Journal)
  const fd = openSync(job.directory, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  settle(files, job, step)
  return {
    files: linked.length,
    bytes: sum(linked, ({ file }) => file.bytes),
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

/** Upper's is what is seen where there is one; the twin then has its owner and mode only because nothing speaks for others. */
function twinEntry(files: FileCalls, { links }: LowerNeed, upper: Buffer, { path, upper: stats, place }: Directory): Entry {
  if (stats !== null) return { ...readEntry(files, upper, path, stats), xattrs: [] }
  const own = place.own ?? ''
  const found = statOrNull(entryPath(links ?? upper, own))
  if (found === null) throw new Error(`${readablePath(own)} of the links is gone`)
  return { ...withoutMarks(readEntry(files, links ?? upper, own, found)), path }
}

const withoutMarks = (entry: Entry): Entry => ({ ...entry, xattrs: entry.xattrs.filter(([name]) => !name.startsWith(OVERLAY)) })

/** @returns bytes that the pool did not have */
async function intoPool(
  files: FileCalls,
  job: RelinkJob,
  crew: Crew,
  shared: readonly SharedFile[],
  step: () => void,
): Promise<number> {
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
  step()
  sync(files, job.scratch)
  let added = 0
  for (const { digest, file, at } of copies) {
    step()
    const path = Buffer.from(at)
    chmodSync(path, 0o444)
    lchownSync(path, 0, 0)
    if (renameIntoPool(files, path, Buffer.from(job.pool + poolKey(digest)))) added += file.bytes
    else unlinkSync(path)
  }
  return added
}

function timesOf(directory: Directory, changed: ReadonlySet<string>): Journal['times'] {
  const { path, upper } = directory
  const own = upper !== null && changed.has(path) ? [{ path, atime: `${upper.atimeNs}`, mtime: `${upper.mtimeNs}` }] : []
  return [...own, ...directory.directories.flatMap((child) => timesOf(child, changed))]
}

function sync(files: FileCalls, path: string): void {
  const fd = openSync(path, 'r')
  try {
    files.syncFileSystem(fd)
  } finally {
    closeSync(fd)
  }
}
