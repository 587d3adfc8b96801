/**
 * Whether a relink of an area could find anything, told without a thread: most VPSs that stop have written nothing that could be shared, and most that stand
 * have not run. Whatever it misses is only not shared until the area is looked at again; so wherever it is not sure, it does not say.
 */

import type { BigIntStats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { entryPath } from '../build/entry.ts'
import { errnoOf } from '../errors.ts'
import { poolKey } from '../names.ts'
import { areaPaths } from '../volume-paths.ts'
import { type Digests, type Identity, readDigests } from './digests.ts'
import { join } from './lower.ts'
import type { RelinkJob } from './relink.ts'
import { NOTHING, type RelinkReport } from './report.ts'
import { signOf } from './sign.ts'
import { isWorthSharing } from './worth-sharing.ts'

type Job = Pick<RelinkJob, 'area' | 'directory' | 'pool' | 'index' | 'everyLayer' | 'share' | 'from' | 'survey'>

/** More than lies in most; with so many a thread is the better place. */
const MOST = 2_000
/** Between the clock that times of files go by and the one that is asked. */
const APART_NS = 1_000_000_000n

/** @returns what a relink would have told; null: it has to be done */
export async function nothingNew(job: Job): Promise<RelinkReport | null> {
  const started = performance.now()
  using digests = readDigests(job.index)
  const { area, directory, share, from, survey } = job
  const last = digests?.look(area) ?? null
  const sign = await signOf(directory)
  if (last !== null && (last.share !== share || last.linksSign !== sign.links)) return null
  // What was looked at, but never relinked.
  if (!survey && sign.links !== '' && last?.links === null) return null
  if (sign.links !== '' && last === null) return null
  const isAsItWas = last !== null && sign.area !== null && last.sign === sign.area
  const found = isAsItWas ? null : await filesOf(directory, from, last?.at ?? 0n, sign.links !== '').catch(isNotSure)
  if (!isAsItWas && found === null) return null
  const known = found === null ? null : (digests?.known(area, found) ?? new Map<Identity, string>())
  const looked = found === null ? (digests?.ofArea(area) ?? []) : [...(known?.values() ?? [])]
  if (share !== 'none' && found !== null && found.length > looked.length) return null
  if (!survey && digests !== null && (await anyMayBeShared(job, digests, new Set(looked)))) return null
  return { ...NOTHING, looked: looked.length, linkedBytes: last?.links?.bytes ?? 0, milliseconds: performance.now() - started }
}

async function anyMayBeShared(
  { area, pool, everyLayer, share }: Job,
  digests: Digests,
  looked: ReadonlySet<string>,
): Promise<boolean> {
  if (share === 'none' || looked.size === 0) return false
  if (share === 'templates')
    return (
      everyLayer.some(({ identity }) => !digests.knowsLayer(identity)) || [...looked].some((digest) => digests.isInLayers(digest))
    )
  for (const digest of looked) {
    if (digests.isElsewhere(area, digest)) return true
    if ((await statOrNull(Buffer.from(pool + poolKey(digest)))) !== null) return true
  }
  return false
}

/** Private files that could be shared. null: too many, or something that was a link is not to be seen any more, so that the link can go. */
async function filesOf(directory: string, from: number, since: bigint, linked: boolean): Promise<Identity[] | null> {
  const { upper, links } = areaPaths(directory)
  const [root, below] = [Buffer.from(upper), Buffer.from(links)]
  const found: Identity[] = []
  const pending = ['']
  let seen = 0
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const names = await readdir(entryPath(root, path), { encoding: 'buffer' })
    seen += names.length
    if (seen > MOST) return null
    for (const name of names) {
      const inner = join(path, name.toString('latin1'))
      const stats = await statOrNull(entryPath(root, inner))
      if (stats === null) return null
      if (stats.isDirectory()) pending.push(inner)
      if (stats.isFile() && isWorthSharing(stats, from))
        found.push({ inode: stats.ino, ctime: stats.ctimeNs, size: Number(stats.size) })
      const changed = stats.isDirectory() ? stats.birthtimeNs : stats.ctimeNs
      if (linked && changed > since - APART_NS && (await statOrNull(entryPath(below, inner))) !== null) return null
    }
  }
  return found
}

/** Paths that are too long, directories that cannot be read: the relink tells what is wrong with them. */
const isNotSure = (): null => null

async function statOrNull(path: Buffer): Promise<BigIntStats | null> {
  try {
    return await lstat(path, { bigint: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}
