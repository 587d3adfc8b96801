/** Layers that come from another volume. Of several who want the same one, the first copies and the others wait for it. */

import { randomBytes } from 'node:crypto'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Quota } from '@insula/kernel'
import { syncDirectory } from '../durable.ts'
import { VzfsError } from '../errors.ts'
import { readLayerInfo } from '../layer-file.ts'
import { parseLayerName } from '../names.ts'
import { noRoom } from '../no-room.ts'
import type { PoolGate } from '../pool-gate.ts'
import { giveToLayers } from '../quota/templates.ts'
import { runInThread } from '../thread.ts'
import type { Trash } from '../trash.ts'
import { layerPaths, type VolumePaths, volumePaths } from '../volume-paths.ts'
import type { LayerInfo } from '../vzfs.ts'
import type { ArriveJob } from './bring-thread.ts'
import { type CopySource, inBoth } from './source.ts'

export interface ReceiveNeed {
  readonly paths: VolumePaths
  readonly trash: Trash
  readonly gate: PoolGate
  readonly threads: number
  readonly quota: Quota
}

export interface ReceiveOptions {
  /** Bytes of contents. */
  readonly progress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

export type ReceiveLayer = (name: string, from: CopySource, options?: ReceiveOptions) => Promise<LayerInfo>

type Told = (done: number, total: number) => void

export function openReceiveLayer(need: ReceiveNeed): ReceiveLayer {
  const { paths } = need
  const underWay = new Map<string, { readonly told: Set<Told>; readonly end: Promise<LayerInfo> }>()
  return async (name, from, { progress = () => undefined, signal } = {}) => {
    parseLayerName(name)
    for (;;) {
      signal?.throwIfAborted()
      const there = await readLayerInfo(paths.layer(name).info, name)
      if (there !== null) return there
      const other = underWay.get(name)
      if (other === undefined) break
      other.told.add(progress)
      // When that one is cancelled or fails, this one tries by itself.
      await Promise.race([other.end.catch(() => null), aborted(signal)])
      other.told.delete(progress)
    }
    const told = new Set<Told>([progress])
    const tell: Told = (done, total) => told.forEach((one) => one(done, total))
    const end = inBoth(need.gate, paths.volume, from, () => receive(need, name, from, tell, signal))
    underWay.set(name, { told, end })
    try {
      return await end
    } finally {
      underWay.delete(name)
    }
  }
}

const aborted = (signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }))

async function receive(
  { paths, trash, threads, quota }: ReceiveNeed,
  name: string,
  from: CopySource,
  progress: Told,
  signal: AbortSignal | undefined,
): Promise<LayerInfo> {
  const there = await readLayerInfo(paths.layer(name).info, name)
  if (there !== null) return there
  const origin = volumePaths(from.path)
  const staged = join(paths.tmp, `layer.${randomBytes(8).toString('hex')}`)
  const scratch = join(paths.tmp, `bring.${randomBytes(8).toString('hex')}`)
  try {
    await mkdir(staged, { mode: 0o700 })
    const job: ArriveJob = {
      what: 'layer',
      name,
      from: origin.layer(name).directory,
      to: staged,
      fromPool: origin.pool,
      toPool: paths.pool,
      scratch,
      threads,
    }
    const info = await runInThread<LayerInfo>(new URL('./bring-thread.ts', import.meta.url), job, progress, signal)
    await giveToLayers(quota, layerPaths(staged).tree)
    await rename(staged, paths.layer(name).directory)
    await syncDirectory(paths.layers)
    return info
  } catch (error) {
    await trash.discard(scratch)
    await trash.discard(staged)
    const doing = `cannot copy layer ${name} from ${from.path} to ${paths.volume}`
    const refused = noRoom(error, { doing, volume: paths.volume, account: null })
    if (refused instanceof VzfsError && refused.code === 'damaged')
      throw new VzfsError('damaged', `${doing}: ${refused.message}`, { cause: error })
    throw refused
  }
}
