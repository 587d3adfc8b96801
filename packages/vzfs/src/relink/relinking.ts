/** Relinks of a volume's areas, one at a time for each area, and what a relink that was cut off left behind. */

import { mkdir, mkdtemp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileCalls, Quota } from '@insula/kernel'
import { readAreaInfo } from '../area-file.ts'
import { type Obstacle, RebaseRefused } from '../errors.ts'
import { Mutex } from '../mutex.ts'
import { accountOf, noRoom } from '../no-room.ts'
import type { PoolGate } from '../pool-gate.ts'
import { count, projectOf } from '../quota/account.ts'
import { openIdQuota } from '../quota/id-quota.ts'
import type { Rooms } from '../quota/room.ts'
import { settingsFile } from '../quota/settings.ts'
import { withoutIdLimits } from '../quota/without-id-limits.ts'
import { standingThreads } from '../standing-threads.ts'
import { runInThread } from '../thread.ts'
import type { Trash } from '../trash.ts'
import { areaPaths, type VolumePaths } from '../volume-paths.ts'
import type { RebaseOptions, RelinkOptions, RelinkReport } from './report.ts'
import type { AreaInfo, LayerInfo } from '../vzfs.ts'
import type { SettleJob } from './apply.ts'
import type { RebaseJob } from './rebase.ts'
import { nothingNew } from './news.ts'
import type { Allowance } from './own-copies.ts'
import type { RelinkCommon, RelinkJob } from './relink.ts'

export interface RelinkingNeed {
  readonly paths: VolumePaths
  readonly trash: Trash
  readonly gate: PoolGate
  readonly threads: number
  /** How long a file has to be to be worth a link. */
  readonly from: number
  readonly quota: Quota
  readonly files: FileCalls
  readonly rooms: Rooms
  /** Ids of all that there are. */
  readonly areas: () => Promise<number[]>
  readonly layers: () => Promise<LayerInfo[]>
  /** What was cut off of one. */
  readonly finishRollback: (id: number) => Promise<void>
}

export interface Relinking extends AsyncDisposable {
  /** @param survey only looks */
  run(area: AreaInfo, options: RelinkOptions, survey: boolean): Promise<RelinkReport>
  /** What keeps an area from consisting of other layers; nothing else is done to it until body, which is run when there is nothing, has ended. */
  rebase(area: AreaInfo, layers: readonly string[], options: RebaseOptions, body: () => Promise<void>): Promise<void>
  /** Runs body when no relink of the area is under way. */
  alone<T>(id: number, body: () => Promise<T>): Promise<T>
  /** As `alone`, and finishes or takes back one that was cut off first. */
  settled<T>(id: number, body: () => Promise<T>): Promise<T>
}

/** Enough for a relink of any area: links take inodes, and their attributes at most a block each. */
const ROOM = { bytes: 1024 ** 4, inodes: 2 ** 40 }

/** Relinks at the same time, so that a small one need not wait for the end of a large one. */
const AT_ONCE = 2
/** For each of these: more read from one disk no faster, and each takes memory as long as it stays. */
const CREW = 4
const IDLE_MS = 5_000

export function openRelinking({
  paths,
  trash,
  gate,
  threads,
  from,
  quota,
  files,
  rooms,
  areas,
  layers,
  finishRollback,
}: RelinkingNeed): Relinking {
  const threadsThatRelink = standingThreads(new URL('./relink-thread.ts', import.meta.url), {
    most: AT_ONCE,
    idleMs: IDLE_MS,
    common: { threads: Math.min(threads, CREW) } satisfies RelinkCommon,
  })
  const mutexes = new Map<number, Mutex>()
  const alone = <T>(id: number, body: () => Promise<T>): Promise<T> => {
    const mutex = mutexes.get(id) ?? new Mutex()
    mutexes.set(id, mutex)
    return mutex.run(body)
  }
  /** Links and directories of it take room that a full area, or somebody in it, has not. */
  const withRoom = <T>(id: number, base: number, body: () => Promise<T>): Promise<T> => {
    const ids = openIdQuota({ settings: settingsFile(files, paths.area(id).directory, true), quota, base })
    return rooms.within(base, () => withoutIdLimits(quota, base, ids, body), ROOM)
  }
  const settle = async (id: number): Promise<void> => {
    const { directory, info } = paths.area(id)
    await finishRollback(id)
    if (!(await isUnsettled(directory))) return
    const entry = new URL('./settle-thread.ts', import.meta.url)
    const work = (): Promise<void> => gate.shared(() => runInThread<void>(entry, { directory } satisfies SettleJob, () => {}))
    const area = await readAreaInfo(info, id).catch(() => null)
    try {
      await (area === null ? work() : withRoom(id, area.base, work))
    } catch (error) {
      const doing = `cannot finish the relink of area ${id} that was begun`
      throw noRoom(error, { doing, volume: paths.volume, account: null, left: 'it is finished when there is room' })
    }
  }
  const allowanceOf = (base: number): Allowance | null => {
    const limits = rooms.limits(base)
    if (limits === null) return null
    const { bytes, inodes } = quota.account('project', projectOf(base))
    const left = (hard: number | null, used: number): number | null => (hard === null ? null : Math.max(0, hard - used))
    return { bytes: left(limits.bytesHard, bytes), inodes: left(limits.inodesHard, inodes) }
  }
  /** @param whole also what wins nothing */
  const relink = async (
    { id, base, layers: own }: AreaInfo,
    { share, progress = () => {}, signal }: RelinkOptions,
    { survey = false, whole = false },
  ): Promise<RelinkReport> => {
    const { directory, newLinks, newOwn } = paths.area(id)
    await settle(id)
    signal?.throwIfAborted()
    const everyLayer = (await layers()).map(({ name, digest }) => ({
      identity: `${name} ${digest}`,
      tree: paths.layer(name).tree,
    }))
    const told = whole
      ? null
      : await nothingNew({ area: id, directory, pool: paths.pool, index: paths.index, everyLayer, share, from, survey })
    if (told !== null) return told
    signal?.throwIfAborted()
    const account = accountOf(quota, base)
    let scratch: string | null = null
    try {
      scratch = await mkdtemp(join(paths.tmp, `relink.${id}.`))
      if (!survey) {
        for (const made of [newLinks, newOwn]) {
          await mkdir(made, { mode: 0o700 })
          count(quota, made, base)
        }
      }
      const job: RelinkJob = {
        area: id,
        base,
        directory,
        pool: paths.pool,
        scratch,
        layers: own.map((layer) => paths.layer(layer).tree),
        everyLayer,
        everyArea: await areas(),
        index: paths.index,
        share,
        from,
        allowance: allowanceOf(base),
        survey,
      }
      const work = (): Promise<RelinkReport> => threadsThatRelink.run<RelinkReport>(job, progress, signal)
      return await withRoom(id, base, () => gate.shared(work))
    } catch (error) {
      throw noRoom(error, { doing: `cannot relink area ${id}`, volume: paths.volume, account, left: 'nothing has changed' })
    } finally {
      await settle(id)
      if (scratch !== null) await trash.discard(scratch)
    }
  }
  return {
    alone,

    settled: (id, body) =>
      alone(id, async () => {
        await settle(id)
        return body()
      }),

    run: (area, options, survey) => alone(area.id, () => relink(area, options, { survey })),

    rebase: (area, newLayers, options, body) =>
      alone(area.id, async () => {
        await relink(area, options, { whole: true })
        const trees = (names: readonly string[]): string[] => names.map((layer) => paths.layer(layer).tree)
        const { directory } = paths.area(area.id)
        const job: RebaseJob = {
          directory,
          layers: trees(area.layers),
          newLayers: trees(newLayers),
          whole: options.whole === true,
        }
        const look = () => runInThread<Obstacle[]>(new URL('./rebase-thread.ts', import.meta.url), job, () => {}, options.signal)
        const found = (await isBare(directory)) ? [] : await look()
        if (found.length > 0) throw new RebaseRefused(area.id, found)
        await body()
      }),

    [Symbol.asyncDispose]: () => threadsThatRelink[Symbol.asyncDispose](),
  }
}

/** Nothing lies in it: it has never been mounted, and what is not there needs nothing of a layer. */
async function isBare(directory: string): Promise<boolean> {
  const { upper, links } = areaPaths(directory)
  if ((await readdir(upper)).length > 0) return false
  return readdir(links).then(
    (names) => names.length === 0,
    (error: { readonly code?: string }) => error.code === 'ENOENT',
  )
}

async function isUnsettled(directory: string): Promise<boolean> {
  const names = await readdir(directory).catch(() => [])
  return names.some((name) => UNSETTLED.has(name))
}

const UNSETTLED = new Set(['links.new', 'links.new.zst', 'links.old', 'own.new', 'relink.json', 'relink.json.new'])
