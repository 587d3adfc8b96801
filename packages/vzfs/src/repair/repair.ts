/**
 * Check, put right what can be, check again. Bytes that are missing are looked for in one place after the other, those first that cost least: what RAM
 * still has of the damaged file itself, private files of areas, other layers, directories that the administrator names, and last a tree built anew.
 */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { SHARED_FROM_BYTES } from '../build/shared-from.ts'
import { examine, type ExamineMeans, forgetFiles } from '../check/examine.ts'
import { runInThread } from '../thread.ts'
import { volumePaths } from '../volume-paths.ts'
import type { CheckReport, Damage, Repaired, RepairOptions } from '../reports.ts'
import type { RepairJob } from './repair-thread.ts'
import type { Wanted } from './seek.ts'

/** What is put away or made changes the times of its directory, which the next round puts right. */
const ROUNDS = 4

export interface RepairMeans extends ExamineMeans {
  /** Runs body when no relink of the area is under way. */
  readonly settled: <T>(area: number, body: () => Promise<T>) => Promise<T>
}

export async function repair(means: RepairMeans, options: RepairOptions = {}): Promise<Repaired> {
  const { progress = () => undefined, signal } = options
  const found = await examine(means, options)
  let now: CheckReport = found
  for (let round = 0; round < ROUNDS && now.damages.some(({ repairable }) => repairable); round++) {
    progress('repairing', round, ROUNDS)
    const before = now.damages
    await refillAll(means, now.damages, options)
    await mendAll(means, now.damages, signal)
    now = await examine(means, signal === undefined ? {} : { signal })
    // Only a deep check sees what small files hold; those that were not refilled are damaged still.
    if (sameDamages(before, now.damages)) break
  }
  const unseen = found.deep ? found.damages.filter(({ kind }) => kind === 'small-file') : []
  const left = [...now.damages, ...(await stillDamaged(means, unseen, options))]
  return { ...now, deep: found.deep, damages: left, repaired: found.damages.filter((was) => !left.some((is) => isSame(was, is))) }
}

type Work = RepairJob extends infer Job ? (Job extends RepairJob ? Omit<Job, 'volume'> : never) : never

const work = <T>({ paths }: ExamineMeans, job: Work, signal?: AbortSignal): Promise<T> =>
  runInThread<T>(new URL('./repair-thread.ts', import.meta.url), { ...job, volume: paths.volume }, () => undefined, signal)

const isSame = (a: Damage, b: Damage): boolean => a.path === b.path && a.kind === b.kind && a.entry === b.entry

const sameDamages = (a: readonly Damage[], b: readonly Damage[]): boolean =>
  a.length === b.length && a.every((one, index) => isSame(one, b[index] ?? one))

async function stillDamaged(means: ExamineMeans, unseen: readonly Damage[], { pace, signal }: RepairOptions): Promise<Damage[]> {
  if (unseen.length === 0) return []
  const again = await examine(means, { contents: true, ...(pace === undefined ? {} : { pace }), ...(signal ? { signal } : {}) })
  return again.damages.filter(({ kind }) => kind === 'small-file')
}

async function mendAll(means: RepairMeans, damages: readonly Damage[], signal?: AbortSignal): Promise<void> {
  const mend = (some: readonly Damage[]): Promise<string[]> =>
    means.gate.shared(() => work<string[]>(means, { phase: 'mend', damages: some }, signal))
  const ofLinks = damages.filter(({ links }) => links !== undefined)
  if (damages.length > ofLinks.length) await mend(damages.filter(({ links }) => links === undefined))
  for (const id of new Set(ofLinks.flatMap(({ area }) => area ?? [])))
    await means
      .settled(id, () => mend(ofLinks.filter(({ area }) => area === id)))
      .catch((error: unknown) => {
        // An area that cannot be settled is told by the check that follows, and keeps no other from being repaired.
        if (signal?.aborted === true) throw error
      })
}

async function refillAll(means: ExamineMeans, damages: readonly Damage[], options: RepairOptions): Promise<void> {
  const { paths, gate } = means
  const { from = [], volumes = [], treeLike, progress = () => undefined, signal } = options
  const lacking = damages.filter(lacksBytes)
  const wanted = new Map(lacking.map(({ digest = '', size = 0 }) => [digest, { digest, size }] as const))
  if (wanted.size === 0) return
  const take = async (places: readonly string[], pools: readonly string[] = []): Promise<void> => {
    if (wanted.size === 0) return
    const sought: readonly Wanted[] = [...wanted.values()]
    const found = await work<string[]>(means, { phase: 'seek', wanted: sought, places, pools }, signal)
    if (found.length === 0) return
    const has = new Set(found)
    const pool = found.filter((digest) => lacking.some((damage) => damage.digest === digest && damage.kind === 'contents'))
    const small = lacking.flatMap(({ kind, layer, entry, digest }) =>
      kind !== 'contents' && layer !== undefined && entry !== undefined && digest !== undefined && has.has(digest)
        ? [{ layer, entry, digest }]
        : [],
    )
    await gate.shared(() => work<void>(means, { phase: 'refill', pool, small, found }))
    for (const digest of found) wanted.delete(digest)
  }
  progress('looking for bytes on the volume', 0, wanted.size)
  await take([paths.quarantine])
  const others = volumes.map(volumePaths)
  await take(
    [],
    others.map(({ pool }) => pool),
  )
  await take(below(paths.areas, 'upper'))
  await take([paths, ...others].flatMap(({ layers }) => below(layers, 'tree')))
  await take(from)
  const layers = new Set(
    lacking.flatMap(({ digest, layer, namedBy }) =>
      wanted.has(digest ?? '') ? [...(namedBy?.layers ?? []), ...(layer === undefined ? [] : [layer])] : [],
    ),
  )
  for (const layer of layers) {
    if (wanted.size === 0 || treeLike === undefined) break
    progress(`building ${layer} anew`, 0, wanted.size)
    await treeLike(layer, (tree) => take([tree]))
  }
  await forgetFiles()
}

/** A larger file that is missing from a layer is made as a stub. */
function lacksBytes({ kind, digest, size }: Damage): boolean {
  if (digest === undefined || size === undefined) return false
  return kind === 'contents' || kind === 'small-file' || (kind === 'entry' && size > 0 && size < SHARED_FROM_BYTES)
}

const below = (directory: string, part: string): string[] => readdirSync(directory).map((name) => join(directory, name, part))
