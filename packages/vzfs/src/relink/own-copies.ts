/**
 * Makes private files of what an area may not share any more, in `own.new`, from where a journal moves them into upper. They are in the area's account from
 * the beginning, so its limit holds for them; whether they fit is looked at first, and a limit or a volume that is full all the same ends the relink
 * before anything has changed.
 */

import { linkSync, lstatSync, mkdirSync, statfsSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import type { Crew } from '../build/crew.ts'
import { type Entry, entryPath } from '../build/entry.ts'
import { applyMetadata } from '../build/metadata.ts'
import { readEntry } from '../build/scan.ts'
import { type VzfsCode, VzfsError } from '../errors.ts'
import { poolKey } from '../names.ts'
import { mib } from '../no-room.ts'
import { areaPaths } from '../volume-paths.ts'
import { copyTask } from './adopt.ts'
import type { Journal } from './journal.ts'
import { type LowerNeed, statOrNull } from './lower.ts'
import { PROTECTED } from './marks.ts'
import type { OwnFile } from './plan.ts'
import type { RelinkJob } from './relink.ts'
import { twinEntry, withoutMarks } from './twin-entry.ts'
import type { Directory } from './walk.ts'

/** What may still come into an account; null: as much as there is. */
export interface Allowance {
  readonly bytes: number | null
  readonly inodes: number | null
}

export interface OwnCopies {
  readonly placed: Journal['placed']
  /** On disk. */
  readonly bytes: number
}

/** Of the volume: that much is left to those who live there. */
const LEFT = 0.05
const BLOCK = 512

/** @param missing directories that have to be made for them */
export async function ownCopies(
  files: FileCalls,
  job: RelinkJob,
  crew: Crew,
  need: LowerNeed,
  own: readonly OwnFile[],
  missing: readonly Directory[],
  step: () => void,
): Promise<OwnCopies> {
  if (own.length === 0) return { placed: [], bytes: 0 }
  const { newOwn, upper } = areaPaths(job.directory)
  const source = (digest: string): string => job.pool + poolKey(digest)
  let wanted = 0
  for (const { digest } of own) {
    const found = statOrNull(Buffer.from(source(digest)))
    if (found === null)
      throw new VzfsError('damaged', `area ${job.area} shows contents that are lost, ${source(digest)}: repair the volume first`)
    wanted += Number(found.blocks) * BLOCK
  }
  refuseWhatDoesNotFit(job, wanted, own.length + missing.length)
  const at = (name: string): Buffer => entryPath(Buffer.from(newOwn), name)
  const placed: { path: string; inode: string; from: string }[] = []
  const place = (path: string, from: string): void => void placed.push({ path, from, inode: `${statOrNull(at(from))?.ino}` })
  for (const [index, directory] of missing.entries()) {
    step()
    const from = `directory-${index}`
    mkdirSync(at(from), 0o700)
    applyMetadata(files, at(from), twinEntry(files, need, Buffer.from(upper), directory))
    place(directory.path, from)
  }
  step()
  const names = own.map((_, index) => `${index}`)
  const from = own.map(({ digest }) => source(digest))
  const to = names.map((name) => at(name).toString('latin1'))
  await crew.run(copyTask(from, to), () => {})
  let bytes = 0
  for (const [index, { shown }] of own.entries()) {
    step()
    const name = `${index}`
    applyMetadata(files, at(name), entryOf(files, need, shown))
    bytes += lstatSync(at(name)).blocks * BLOCK
    const paths = 'names' in shown ? shown.names : [shown.path]
    for (const [further, path] of paths.entries()) {
      const staged = further === 0 ? name : `${name}.${further}`
      if (further > 0) linkSync(at(name), at(staged))
      place(path, staged)
    }
  }
  return { placed, bytes }
}

function entryOf(files: FileCalls, { links }: LowerNeed, shown: OwnFile['shown']): Entry {
  // It is upper's already, and so are its flags.
  if ('entry' in shown) return withoutMarks(shown.entry(), PROTECTED)
  const root = links ?? Buffer.alloc(0)
  const stats = statOrNull(entryPath(root, shown.from))
  if (stats === null) throw new Error(`${shown.from} of the links is gone`)
  return withoutMarks(readEntry(files, root, shown.from, stats))
}

function refuseWhatDoesNotFit(job: RelinkJob, bytes: number, inodes: number): void {
  const { allowance, directory } = job
  const over = (left: number | null | undefined, wanted: number): left is number =>
    left !== null && left !== undefined && wanted > left
  const refuse = (code: VzfsCode, why: string): never => {
    throw new VzfsError(
      code,
      `area ${job.area} cannot have copies of its own of what it shares (${mib(bytes)}): ${why}; nothing has changed`,
    )
  }
  if (over(allowance?.bytes, bytes))
    refuse('over_limit', `its limit leaves ${mib(allowance.bytes)}; raise it, or let it share again`)
  if (over(allowance?.inodes, inodes))
    refuse('over_limit', `its limit leaves ${allowance.inodes} inodes for ${inodes} files; raise it, or let it share again`)
  const { bavail, blocks, bsize } = statfsSync(directory)
  const free = (bavail - blocks * LEFT) * bsize
  if (bytes > free)
    refuse('no_space', `the volume has no more than ${mib(Math.max(0, free))} for it, if a twentieth is to be left free`)
}
