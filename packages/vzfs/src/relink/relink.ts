/**
 * Relink of one area that is not mounted: private files whose contents others have become links of the area's own metadata layer, and links that
 * the area may not have become private files again.
 *
 * The new links are made from nothing beside the old ones, as what upper needs of them now; then a journal says what is left to be done (settle).
 *
 * INVARIANT: until the journal is there, nothing has changed; from then on all of it will, whoever finishes it.
 */

import type { FileCalls } from '@insula/kernel'
import type { Crew } from '../build/crew.ts'
import { entryPath } from '../build/entry.ts'
import { digestAt, hashTask } from '../build/hash.ts'
import { scan } from '../build/scan.ts'
import { VzfsError } from '../errors.ts'
import { areaPaths } from '../volume-paths.ts'
import { NOTHING, type RelinkReport, type Share } from './report.ts'
import { carryOut } from './carry-out.ts'
import { isInPool } from './in-pool.ts'
import { openDigests, type WritableDigests } from './digests.ts'
import { countLinks } from './links-count.ts'
import { type LowerNeed, statOrNull } from './lower.ts'
import { mayStay } from './may-stay.ts'
import type { Allowance } from './own-copies.ts'
import { type Plan, plan } from './plan.ts'
import { signOf } from './sign.ts'
import { type Directory, type PrivateFile, walk } from './walk.ts'

/** What all relinks of a volume have in common. */
export interface RelinkCommon {
  readonly threads: number
}

export interface RelinkJob {
  readonly area: number
  /** Its first host id. */
  readonly base: number
  /** Of the area. `links.new` and `own.new` lie there, empty, in the area's account. */
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
  /** How long a file has to be to be worth a link. */
  readonly from: number
  /** What the area may still have; null: as much as there is. */
  readonly allowance: Allowance | null
  /** Only looks at what there is, so that other areas are told of it. */
  readonly survey: boolean
}

export async function relink(
  files: FileCalls,
  crew: Crew,
  job: RelinkJob,
  progress: (done: number, total: number) => void,
  step: () => void = () => {},
): Promise<RelinkReport> {
  const started = performance.now()
  const at = BigInt(Date.now()) * 1_000_000n
  const { area, share } = job
  using digests = openDigests(job.index)
  const { upper, links, linksRecord } = areaPaths(job.directory)
  const need: LowerNeed = {
    files,
    links: statOrNull(Buffer.from(links)) === null ? null : Buffer.from(links),
    layers: job.layers.map((layer) => Buffer.from(layer)),
  }
  const sign = await signOf(job.directory)
  const last = digests.look(area)
  const counted = last?.share === share && last.linksSign === sign.links ? last.links : null
  const root = walk(need, Buffer.from(upper), job.from)
  const candidates = candidatesOf(root)
  const hashed = await hashAll(crew, job, digests, candidates, progress)
  const report = {
    ...NOTHING,
    looked: candidates.length,
    hashedFiles: hashed.fresh.length,
    hashedBytes: sum(hashed.fresh, ({ size }) => size),
  }
  if (job.survey) {
    digests.leave(area, { share, sign: sign.area, linksSign: sign.links, links: counted, at }, [])
    return { ...report, milliseconds: performance.now() - started }
  }
  rememberLayers(files, job, digests)
  const may = new Map([...hashed.all].filter(([, digest]) => maybeShared(job, digests, digest)))
  const planned = plan(need, root, may, mayStay(job, digests))
  const before = counted ?? countLinks(files, need.links, job.pool)
  const leave = async (gone: readonly PrivateFile[]): Promise<void> => {
    const after = await signOf(job.directory)
    const left = after.links === sign.links ? before : countLinks(files, after.links === '' ? null : Buffer.from(links), job.pool)
    try {
      digests.leave(area, { share, sign: after.area, linksSign: after.links, links: left, at }, gone)
    } catch (error) {
      // The relink is done. Next time more of it is looked at.
      if (!(error instanceof VzfsError && error.code === 'no_space')) throw error
    }
  }
  const isRecorded = need.links === null || statOrNull(Buffer.from(linksRecord)) !== null
  if (isRecorded && isIdle(planned, before.count)) {
    await leave([])
    return { ...report, linkedBytes: before.bytes, milliseconds: performance.now() - started }
  }
  const { linked, other, ...done } = await carryOut(files, job, crew, need, root, planned, step)
  // What is not as it was read is read again.
  await leave([...linked, ...other])
  return { ...report, ...done, linkedBytes: before.bytes, milliseconds: performance.now() - started }
}

const sum = <T>(values: readonly T[], of: (value: T) => number): number => values.reduce((total, value) => total + of(value), 0)

function candidatesOf(directory: Directory): PrivateFile[] {
  return [...directory.candidates, ...directory.directories.flatMap(candidatesOf)]
}

/** Reads what has changed since it was read last. */
async function hashAll(
  crew: Crew,
  { area, directory, share }: RelinkJob,
  digests: WritableDigests,
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
function rememberLayers(files: FileCalls, { everyLayer, everyArea }: RelinkJob, digests: WritableDigests): void {
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

function maybeShared({ share, area, pool }: RelinkJob, digests: WritableDigests, digest: string): boolean {
  if (share === 'none') return false
  if (share === 'templates') return digests.isInLayers(digest)
  return isInPool(pool, digest) || digests.isElsewhere(area, digest)
}

/** The new links would be the old ones. */
function isIdle({ twins, shared, copies, kept, unmarked, own }: Plan, before: number): boolean {
  return shared.length + copies.length + unmarked.length + own.length === 0 && twins.length + kept.length === before
}
