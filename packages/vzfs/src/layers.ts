/** The layers of a volume. */

import { mkdir, readdir, rename, stat } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { FileCalls, Quota } from '@insula/kernel'
import type { BuildJob } from './build/build.ts'
import { syncDirectory } from './durable.ts'
import { errnoOf, LayerInUse, type LayerUser, VzfsError } from './errors.ts'
import { readJson, toJson } from './json-file.ts'
import { layerContents } from './layer-contents.ts'
import { readLayerInfo } from './layer-file.ts'
import type { Mutex } from './mutex.ts'
import { parseLayerName } from './names.ts'
import type { PoolGate } from './pool-gate.ts'
import { giveToLayers } from './quota/templates.ts'
import { runInThread } from './thread.ts'
import type { Trash } from './trash.ts'
import { layerPaths, type VolumePaths } from './volume-paths.ts'
import type { LayerInfo, LayerOptions, Layers } from './vzfs.ts'

export interface LayersNeed {
  readonly paths: VolumePaths
  readonly trash: Trash
  /** Held while an area starts to use a layer and while a layer goes. */
  readonly mutex: Mutex
  readonly gate: PoolGate
  readonly threads: number
  readonly now: () => Date
  readonly warn: (message: string) => void
  /** Of every area and snapshot. @throws when one cannot be read: nobody knows then what it uses */
  readonly everyUse: () => Promise<LayerUse[]>
  readonly quota: Quota
  readonly files: FileCalls
}

interface BuildOptions extends LayerOptions {
  /** Looks at the finished tree before the layer appears; what it throws keeps the layer from it. */
  readonly inspect?: (tree: string) => Promise<void>
}

export interface OpenLayers extends Layers {
  build(name: string, source: string, options?: BuildOptions): Promise<LayerInfo>
  /** @throws VzfsError layer_exists */
  requireNew(name: string): Promise<void>
}

/** Who uses which layers. */
export interface LayerUse extends LayerUser {
  readonly layers: readonly string[]
}

export function openLayers({ paths, trash, mutex, gate, threads, now, warn, everyUse, quota, files }: LayersNeed): OpenLayers {
  const building = new Set<string>()

  const show = async (name: string): Promise<LayerInfo | null> => readLayerInfo(paths.layer(parseLayerName(name)).info, name)

  const requireNew = async (name: string): Promise<void> => {
    if ((await show(name)) !== null) throw layerExists(name)
  }

  const build = async (
    name: string,
    source: string,
    { manifest, progress = () => {}, signal, inspect }: BuildOptions,
  ): Promise<LayerInfo> => {
    await requireNew(name)
    signal?.throwIfAborted()
    const staged = await stage(paths.tmp, source)
    try {
      const job: BuildJob = {
        name,
        directory: staged,
        pool: paths.pool,
        builtAt: now().toISOString(),
        manifest: manifest === undefined ? null : toJson(manifest),
        threads,
      }
      const info = await runInThread<LayerInfo>(new URL('./build/build-thread.ts', import.meta.url), job, progress, signal)
      await inspect?.(layerPaths(staged).tree)
      await giveToLayers(quota, layerPaths(staged).tree)
      await appear(staged, paths.layer(name).directory, name)
      await syncDirectory(paths.layers)
      return info
    } catch (error) {
      await trash.discard(staged)
      throw error
    }
  }

  return {
    async build(name, source, options = {}) {
      parseLayerName(name)
      if (building.has(name)) throw layerExists(name)
      building.add(name)
      try {
        return await gate.shared(() => build(name, source, options))
      } finally {
        building.delete(name)
      }
    },

    async list() {
      const names = (await readdir(paths.layers)).sort()
      const found = await Promise.all(
        names.map((name) =>
          show(name).catch((error: unknown) => {
            warn(`a layer is left out of the list: ${String(error)}`)
            return null
          }),
        ),
      )
      return found.filter((layer) => layer !== null)
    },

    show,
    requireNew,

    async manifest(name) {
      return (await readJson(paths.layer(parseLayerName(name)).manifest)) ?? null
    },

    contents: (name, path) => layerContents(files, paths, name, path),

    remove: (name) =>
      mutex.run(async () => {
        const { directory } = paths.layer(parseLayerName(name))
        const users = (await everyUse()).filter(({ layers }) => layers.includes(name))
        if (users.length > 0) throw new LayerInUse(name, users)
        if (!(await trash.discard(directory))) {
          throw new VzfsError('layer_unknown', `layer ${name} cannot be removed: there is none of that name on ${paths.volume}`)
        }
        await syncDirectory(paths.layers)
      }),
  }
}

/** Moves the tree into a directory of its own, where the layer is made. */
async function stage(tmp: string, source: string): Promise<string> {
  if (!(await stat(source)).isDirectory())
    throw new VzfsError('unsuitable', `cannot make a layer of ${source}: it is not a directory`)
  const staged = join(tmp, `layer.${randomBytes(8).toString('hex')}`)
  await mkdir(staged, { mode: 0o700 })
  try {
    await rename(source, layerPaths(staged).tree)
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') throw error
    throw new VzfsError(
      'unsuitable',
      `cannot make a layer of ${source}: it does not lie on the volume; build it in a scratch directory`,
      {
        cause: error,
      },
    )
  }
  return staged
}

async function appear(staged: string, directory: string, name: string): Promise<void> {
  try {
    await rename(staged, directory)
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOTEMPTY' || code === 'EEXIST') throw layerExists(name)
    throw error
  }
}

function layerExists(name: string): VzfsError {
  return new VzfsError('layer_exists', `layer ${name} exists already or is being built; layers never change, choose another name`)
}
