/** The private areas of a volume. */

import { randomBytes } from 'node:crypto'
import { chmod, chown, lstat, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileCalls, Quota } from '@insula/kernel'
import { areaProblem, readAreaInfo } from './area-file.ts'
import { syncDirectory, writeDurable } from './durable.ts'
import { errnoOf, VzfsError } from './errors.ts'
import { readJson, toJson } from './json-file.ts'
import type { Mutex } from './mutex.ts'
import { areaIdOf, parseAreaId, parseBase, parseLayerName } from './names.ts'
import { noRoom } from './no-room.ts'
import { count, projectOf } from './quota/account.ts'
import { openIdQuota } from './quota/id-quota.ts'
import { isCounted, recount } from './quota/recount.ts'
import type { Rooms } from './quota/room.ts'
import type { Relinking } from './relink/relinking.ts'
import { settingsFile } from './quota/settings.ts'
import { takesProjects } from './quota/takes-projects.ts'
import { countPrivate, privateTrees } from './private-trees.ts'
import { exists } from './snapshots/copied-area.ts'
import type { Move } from './snapshots/rollback.ts'
import type { Trash } from './trash.ts'
import { type AreaPaths, areaPaths, type VolumePaths } from './volume-paths.ts'
import type { AreaInfo, Areas, OverlayPlan } from './vzfs.ts'

export interface AreasNeed {
  readonly paths: VolumePaths
  readonly trash: Trash
  /** Held while an area starts to use a layer and while a layer goes. */
  readonly mutex: Mutex
  readonly warn: (message: string) => void
  readonly quota: Quota
  readonly files: FileCalls
  readonly relinking: Relinking
  readonly rooms: Rooms
  /** Moves what has been made ready to its place. */
  readonly moved: Move
}

/**
 * metacopy and redirect_dir: stubs. index, nfs_export off: they would tie an upper directory to one set of lower directories by file
 * handles, and a copied or restored area could not be mounted again. xino off: all layers lie on one file system, so inode
 * numbers are unique without it. A kernel's own defaults may differ, so each is said.
 */
const OPTIONS = ['metacopy=on', 'redirect_dir=on', 'index=off', 'nfs_export=off', 'xino=off'] as const

export function openAreas({ paths, trash, mutex, warn, quota, files, relinking, rooms, moved }: AreasNeed): Areas {
  const show = async (id: number): Promise<AreaInfo | null> => readAreaInfo(paths.area(parseAreaId(id)).info, id)

  const known = async (id: number): Promise<AreaInfo> => {
    const area = await show(id)
    if (area === null) throw areaUnknown(id, paths.volume)
    return area
  }

  /** One of the files beside its directories. */
  const replace = async (id: number, file: 'record' | 'info', value: unknown): Promise<void> => {
    const { directory } = paths.area(parseAreaId(id))
    const staged = join(paths.tmp, `${id}.${file}.${randomBytes(8).toString('hex')}`)
    if (!(await exists(directory))) throw areaUnknown(id, paths.volume)
    try {
      await writeDurable(staged, toJson(value))
      await moved(staged, areaPaths(directory)[file])
    } catch (error) {
      await trash.discard(staged)
      if (errnoOf(error) === 'ENOENT' && !(await exists(directory))) throw areaUnknown(id, paths.volume)
      const doing = `cannot write down ${file === 'info' ? 'what area' : 'the record of area'} ${id}${file === 'info' ? ' consists of' : ''}`
      throw noRoom(error, { doing, volume: paths.volume, account: null, left: 'it is as it was' })
    }
    await syncDirectory(directory)
  }

  return {
    async create(id, base, layers, record) {
      parseAreaId(id)
      parseBase(base)
      const top = layers.map(parseLayerName)[0]
      if (top === undefined) throw new VzfsError('unsuitable', `area ${id} cannot be made without a layer`)
      const staged = join(paths.tmp, `${id}.${randomBytes(8).toString('hex')}`)
      const area: AreaInfo = { id, base, layers: [...layers] }
      await layersKnown(paths, area)
      try {
        await prepare(staged, area, paths.layer(top).tree, record, quota)
        await mutex.run(async () => {
          // Again, because from here on a layer that is used cannot go.
          await layersKnown(paths, area)
          await appear(moved, staged, paths.area(id).directory, id)
        })
      } catch (error) {
        await trash.discard(staged, base)
        throw noRoom(error, { doing: `cannot make area ${id}`, volume: paths.volume, account: null })
      }
      await syncDirectory(paths.areas)
      return area
    },

    async remove(id) {
      const { directory } = paths.area(parseAreaId(id))
      const base = (await show(id).catch(() => null))?.base
      const gone = await relinking.alone(id, () => mutex.run(() => trash.discard(directory, base)))
      if (gone) await syncDirectory(paths.areas)
    },

    async list() {
      const { areas, problems } = await readAreas(paths)
      for (const problem of problems) warn(`an area is left out of the list: ${problem.message}`)
      return areas
    },

    show,

    problem: (id) => areaProblem(paths.area(parseAreaId(id)), id),

    async mend({ id, base, layers }) {
      await layersKnown(paths, { id, base: parseBase(base), layers: layers.map(parseLayerName) })
      await replace(id, 'info', { id, base, layers })
    },

    async plan(id) {
      return relinking.settled(id, async () => planOf(paths, paths.area(id), (await known(id)).layers))
    },

    relink: async (id, options) => relinking.run(await known(id), options, false),

    survey: async (id, options) => relinking.run(await known(id), options, true),

    async rebase(id, layers, options) {
      const area = await known(id)
      const wanted: AreaInfo = { ...area, layers: layers.map(parseLayerName) }
      if (wanted.layers.length === 0) throw new VzfsError('unsuitable', `area ${id} cannot be without a layer`)
      await layersKnown(paths, wanted)
      await relinking.rebase(area, layers, options, () =>
        mutex.run(async () => {
          await layersKnown(paths, wanted)
          await replace(id, 'info', wanted)
        }),
      )
    },

    writeRecord: (id, record) => replace(id, 'record', record),

    async readRecord(id) {
      return (await readJson(paths.area(parseAreaId(id)).record)) ?? null
    },

    async usage(id) {
      const { base } = await known(id)
      if (!quota.kinds.has('project')) {
        return { ...(await countPrivate(paths.area(id))), enforced: false, bytesGraceEnds: null, inodesGraceEnds: null }
      }
      const { bytes, inodes, bytesGraceEnds, inodesGraceEnds } = quota.account('project', projectOf(base))
      return { bytes, inodes, enforced: true, bytesGraceEnds, inodesGraceEnds }
    },

    async limit(id, limits) {
      const { base } = await known(id)
      rooms.limit(base, limits)
    },

    async counted(id) {
      const { base } = await known(id)
      const found = isCounted(quota, await privateTrees(paths.area(id)), base)
      return found === false && !(await takesProjects(quota, paths.tmp)) ? null : found
    },

    async recount(id) {
      const { base } = await known(id)
      return recount(quota, await privateTrees(paths.area(id)), base)
    },

    async withRoom(id, body) {
      const { base } = await known(id)
      return rooms.within(base, body)
    },

    async idQuota(id) {
      const { base } = await known(id)
      return openIdQuota({ settings: settingsFile(files, paths.area(id).directory, true), quota, base })
    },

    async idQuotaPlace(id) {
      await known(id)
      if (!quota.kinds.has('user') && !quota.kinds.has('group')) return null
      return { volume: paths.volume, area: paths.area(id).directory }
    },

    async limits(id) {
      const { base } = await known(id)
      return rooms.limits(base)
    },
  }
}

/** @param area also one that is still being made */
export async function planOf(
  paths: VolumePaths,
  { upper, work, links }: AreaPaths,
  layers: readonly string[],
): Promise<OverlayPlan> {
  return {
    own: (await exists(links)) ? links : null,
    layers: layers.map((layer) => paths.layer(layer).tree),
    pool: paths.pool,
    upper,
    work,
    root: paths.root,
    options: OPTIONS,
  }
}

/** In ascending order. */
export async function areaIds(paths: VolumePaths): Promise<number[]> {
  const ids = (await readdir(paths.areas)).map(areaIdOf).filter((id) => id !== null)
  return ids.sort((a, b) => a - b)
}

/** Every area that can be read, by id, and what is wrong with the others. */
export async function readAreas(paths: VolumePaths): Promise<{ readonly areas: AreaInfo[]; readonly problems: Error[] }> {
  const ids = await areaIds(paths)
  const areas: AreaInfo[] = []
  const problems: Error[] = []
  for (const found of await Promise.allSettled(ids.map((id) => readAreaInfo(paths.area(id).info, id)))) {
    if (found.status === 'rejected') problems.push(found.reason instanceof Error ? found.reason : new Error(String(found.reason)))
    else if (found.value !== null) areas.push(found.value)
  }
  return { areas, problems }
}

/** The whole area, durable but for its name. */
async function prepare(staged: string, area: AreaInfo, topTree: string, record: unknown, quota: Quota): Promise<void> {
  const staging = areaPaths(staged)
  const { mode, uid, gid } = await lstat(topTree)
  await mkdir(staged, { mode: 0o700 })
  await Promise.all([
    writeDurable(staging.info, toJson(area)),
    writeDurable(staging.record, toJson(record)),
    mkdir(staging.work, { mode: 0o700 }),
    makeUpper(staging.upper, mode & 0o7777, area.base + uid, area.base + gid),
  ])
  for (const directory of [staging.upper, staging.work]) count(quota, directory, area.base)
}

/** The overlay's root directory shows the owner and mode of upper, not of a layer. */
async function makeUpper(path: string, mode: number, uid: number, gid: number): Promise<void> {
  await mkdir(path, { mode: 0o700 })
  await chown(path, uid, gid)
  await chmod(path, mode)
}

export async function appear(moved: Move, staged: string, directory: string, id: number): Promise<void> {
  try {
    await moved(staged, directory)
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOTEMPTY' || code === 'EEXIST') throw new VzfsError('area_exists', `area ${id} exists already`)
    throw error
  }
}

export async function layersKnown(paths: VolumePaths, { id, layers }: AreaInfo): Promise<void> {
  for (const layer of layers) {
    try {
      await lstat(paths.layer(layer).info)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
      const message = `area ${id} cannot be made of layer ${layer}: there is none of that name on ${paths.volume}`
      throw new VzfsError('layer_unknown', message, { cause: error })
    }
  }
}

function areaUnknown(id: number, volume: string): VzfsError {
  return new VzfsError('area_unknown', `there is no area ${id} on ${volume}`)
}
