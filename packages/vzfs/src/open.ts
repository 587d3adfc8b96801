/** Opens a volume: makes what is missing, locks it, and clears away what an earlier process left half-done. */

import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { chmod, lstat, mkdir, open, readdir, rm, type FileHandle } from 'node:fs/promises'
import { dirname, isAbsolute, join, normalize } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FileCalls, OpenQuota } from '@insula/kernel'
import { areaIds, openAreas, readAreas } from './areas.ts'
import { receiveArea } from './arrive/receive-area.ts'
import { openReceiveLayer } from './arrive/receive-layer.ts'
import { examine } from './check/examine.ts'
import { collect } from './collect/collect.ts'
import { errnoOf, VzfsError } from './errors.ts'
import { layerFromArea } from './from-area/layer-from-area.ts'
import { type LayerUse, openLayers } from './layers.ts'
import type { MeasureJob } from './measure/measure-thread.ts'
import { Mutex } from './mutex.ts'
import { PoolGate } from './pool-gate.ts'
import { forget } from './quota/account.ts'
import { openRooms } from './quota/room.ts'
import { closeLayersAccount, giveToLayers, isGivenToLayers } from './quota/templates.ts'
import { volumeGrace } from './quota/volume-grace.ts'
import { openRelinking, type Relinking } from './relink/relinking.ts'
import { smallestShared } from './relink/worth-sharing.ts'
import { cloneArea, cloneFrom } from './snapshots/clone.ts'
import { type Move, move } from './snapshots/rollback.ts'
import { settle } from './snapshots/settle.ts'
import { everySnapshot } from './snapshots/snapshot-file.ts'
import { openSnapshots } from './snapshots/snapshots.ts'
import { repair } from './repair/repair.ts'
import { runInThread } from './thread.ts'
import { ownerOf, Trash } from './trash.ts'
import { type VolumePaths, volumePaths } from './volume-paths.ts'
import type { Vzfs } from './vzfs.ts'

const LOCK_LOOKS = 20
const LOCK_POLL_MS = 50

export interface VzfsNeed {
  readonly files: FileCalls
  /** Opens the quota of the file system that the directory lies on. */
  readonly quota: (path: string) => OpenQuota
  /** Told about what goes wrong in the background; the message is complete. */
  readonly warn: (message: string) => void
  readonly now?: () => Date
  /** Threads that build a layer; as many as there are CPUs when absent. */
  readonly threads?: number
  /** Moves what has been made ready to its place. */
  readonly moved?: Move
}

/** @throws VzfsError volume_in_use when another process has it open */
export async function openVzfs(
  path: string,
  { files, quota: openQuota, warn, now = () => new Date(), threads = availableParallelism(), moved = move }: VzfsNeed,
): Promise<Vzfs> {
  if (!isAbsolute(path)) throw new VzfsError('unsuitable', `cannot open the volume ${path}: its path has to start with /`)
  const paths = volumePaths(normalize(path).replace(/(?<=.)\/$/, ''))
  await prepare(paths)
  await using undo = new AsyncDisposableStack()
  const lock = await takeLock(files, paths)
  undo.defer(() => lock.close())
  const quota = undo.use(openQuota(paths.volume))
  const trash = new Trash(paths.trash, warn, (base) => {
    try {
      forget(quota, base)
    } catch (error) {
      warn(`the limits of the removed area with the ids from ${base} could not be taken away: ${String(error)}`)
    }
  })
  const mutex = new Mutex()
  const gate = new PoolGate()
  await sweep(paths, trash)
  await closeLayers(paths, quota)
  const reflink = await tryReflink(files, paths.tmp)
  const linksFrom = smallestShared(files, paths.tmp)
  const layers = openLayers({ paths, trash, mutex, gate, threads, now, warn, everyUse: () => everyUse(paths), quota, files })
  const rooms = openRooms(quota)
  const relinking = openRelinking({
    paths,
    rooms,
    trash,
    gate,
    threads,
    from: linksFrom,
    quota,
    files,
    areas: () => areaIds(paths),
    layers: () => layers.list(),
    finishRollback: (id) => settle(paths, trash, mutex, gate, id),
  })
  undo.use(relinking)
  await settleAll(paths, relinking, warn)
  const owned = undo.move()

  const copying = { paths, trash, mutex, gate, warn, now, quota, files, threads, reflink, moved, relinking }
  return {
    path: paths.volume,
    reflink,
    grace: volumeGrace(quota),
    snapshots: openSnapshots(copying),
    clone: (source, wish, options) => cloneArea(copying, source, wish, options),
    source: { path: paths.volume, kept: (body) => gate.shared(body), settled: relinking.settled },
    receive: {
      layer: openReceiveLayer({ paths, trash, gate, threads, quota }),
      clone: (from, source, wish, options) => cloneFrom(copying, from, source, wish, options),
      area: (from, id, record, options) => receiveArea(copying, from, id, record, options),
    },
    areas: openAreas({ paths, trash, mutex, warn, quota, files, relinking, rooms, moved }),
    layers,

    layerFromArea: (id, name, options) => layerFromArea({ paths, trash, relinking, layers, rooms }, id, name, options),

    leavingBases: () => trash.owners(),

    async scratch() {
      const scratch = join(paths.tmp, `scratch.${randomBytes(8).toString('hex')}`)
      await mkdir(scratch)
      // Becomes the root directory of a tree, whatever the umask of this process is.
      await chmod(scratch, 0o755)
      return scratch
    },

    async discard(scratch) {
      if (dirname(normalize(scratch)) !== paths.tmp)
        throw new TypeError(`${scratch} is not a scratch directory of ${paths.volume}`)
      await trash.discard(scratch)
    },

    check: async (options) => (await examine({ paths, gate, threads }, options)).damages,

    examine: (options) => examine({ paths, gate, threads }, options),

    repair: (options) => repair({ paths, gate, threads, settled: relinking.settled }, options),

    collect: (options) => collect(gate, paths.volume, options),

    space: (signal) => measure({ what: 'space', volume: paths.volume }, signal),
    residency: (running, told = 0) => measure({ what: 'residency', volume: paths.volume, running, files: told }),
    learn: (layers) => measure({ what: 'learn', volume: paths.volume, layers }),
    readAhead: (layers, bytes) => measure({ what: 'read ahead', volume: paths.volume, layers, bytes }),

    idle: () => trash.idle(),

    async close() {
      await trash.idle()
      await owned.disposeAsync()
    },
  }
}

const measure = <T>(job: MeasureJob, signal?: AbortSignal): Promise<T> =>
  runInThread<T>(new URL('./measure/measure-thread.ts', import.meta.url), job, () => undefined, signal)

/** What can be reached by whom is told in vzfs.ts. */
async function prepare(paths: VolumePaths): Promise<void> {
  await mkdir(paths.volume, { recursive: true })
  await Promise.all([
    ...[paths.pool, paths.quarantine, paths.layers, paths.areas, paths.tmp, paths.trash].map((part) =>
      makeDirectory(part, 0o700),
    ),
    makeDirectory(paths.root, 0o755),
  ])
  // Search only: whoever may walk to `root` need not see what else is here.
  const { mode } = await lstat(paths.volume)
  if ((mode & 0o111) !== 0o111) await chmod(paths.volume, (mode | 0o111) & 0o7777)
}

async function makeDirectory(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  await chmod(path, mode)
}

/** The lock goes with the process, however it ends; of one that was killed, a moment after it is gone. */
async function takeLock(files: FileCalls, paths: VolumePaths): Promise<FileHandle> {
  const lock = await open(paths.lock, 'a', 0o600)
  try {
    for (let look = 0; look < LOCK_LOOKS; look += 1) {
      if (files.lock(lock.fd)) return lock
      await sleep(LOCK_POLL_MS)
    }
  } catch (error) {
    await lock.close()
    throw error
  }
  await lock.close()
  throw new VzfsError('volume_in_use', `cannot open the volume ${paths.volume}: another process has it open; stop that one first`)
}

/** Nothing of this process is under way yet, so everything unfinished is somebody's who died. */
async function sweep(paths: VolumePaths, trash: Trash): Promise<void> {
  await trash.empty()
  for (const name of await readdir(paths.tmp)) await trash.discard(join(paths.tmp, name), ownerOf(name) ?? undefined)
}

/** An area whose relink or rollback cannot be finished is damaged, which is told when it is wanted too; others are not kept waiting. */
async function settleAll(paths: VolumePaths, relinking: Relinking, warn: (message: string) => void): Promise<void> {
  for (const id of await areaIds(paths))
    await relinking
      .settled(id, async () => undefined)
      .catch((error: unknown) => warn(`what was begun with area ${id} cannot be finished: ${String(error)}`))
}

/** Also those that an earlier version built. */
async function closeLayers(paths: VolumePaths, quota: OpenQuota): Promise<void> {
  for (const name of await readdir(paths.layers)) {
    const { tree } = paths.layer(name)
    if (!isGivenToLayers(quota, tree)) await giveToLayers(quota, tree)
  }
  closeLayersAccount(quota)
}

async function everyUse(paths: VolumePaths): Promise<LayerUse[]> {
  const { areas, problems } = await readAreas(paths)
  const uses: LayerUse[] = []
  const unknown = (problem: unknown): VzfsError =>
    new VzfsError(
      'damaged',
      `no layer can be removed while it is unknown what every area uses: ${problem instanceof Error ? problem.message : String(problem)}`,
      { cause: problem },
    )
  if (problems.length > 0) throw unknown(problems[0])
  for (const { id, layers } of areas) {
    const snapshots = await everySnapshot(paths.area(id)).catch((error: unknown) => {
      throw unknown(error)
    })
    uses.push({ area: id, snapshot: null, layers })
    for (const { name, layers: kept } of snapshots) uses.push({ area: id, snapshot: name, layers: kept })
  }
  return uses
}

/** Shared blocks between files are tried once, not guessed. */
async function tryReflink(files: FileCalls, tmp: string): Promise<boolean> {
  const at = join(tmp, `reflink.${randomBytes(8).toString('hex')}`)
  await mkdir(at, { mode: 0o700 })
  const [from, to] = await Promise.all([open(join(at, 'from'), 'wx+'), open(join(at, 'to'), 'wx+')])
  try {
    await from.writeFile('shared')
    files.cloneContents(from.fd, to.fd)
    return true
  } catch {
    return false
  } finally {
    await Promise.all([from.close(), to.close()])
    await rm(at, { recursive: true })
  }
}
