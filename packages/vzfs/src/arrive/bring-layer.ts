/** Makes a layer of another volume once more on this one, in a directory that nobody looks at yet. What arrives has to have the digest of the layer. */

import { copyFileSync, mkdirSync, rmdirSync, writeFileSync, chmodSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { startCrew } from '../build/crew.ts'
import { digestOfLines } from '../build/layer-digest.ts'
import { copyTree } from '../copy/tree.ts'
import { damaged, toJson } from '../json-file.ts'
import { readLayerInfo } from '../layer-file.ts'
import { linesOf } from '../references/known-layer.ts'
import { syncFileSystem } from '../sync-file-system.ts'
import { layerPaths } from '../volume-paths.ts'
import type { LayerInfo } from '../vzfs.ts'
import { bring } from './bring.ts'

export interface BringLayerJob {
  readonly name: string
  /** Directories of the layer, there and here; here it is empty. */
  readonly from: string
  readonly to: string
  /** Pools. */
  readonly fromPool: string
  readonly toPool: string
  readonly scratch: string
  readonly threads: number
}

export async function bringLayer(
  files: FileCalls,
  { name, from, to, fromPool, toPool, scratch, threads }: BringLayerJob,
  progress: (done: number, total: number) => void,
): Promise<LayerInfo> {
  await using crew = startCrew(files, threads)
  const [there, here] = [layerPaths(from), layerPaths(to)]
  const info = await readLayerInfo(there.info, name)
  if (info === null) throw damaged(from, 'it has no layer.json')
  const spare = `${to}/spare`
  for (const directory of [here.tree, spare]) mkdirSync(directory, { mode: 0o700 })
  await copyTree(files, crew, { from: there.tree, to: here.tree, spare }, { shift: null, reflink: false }, () => undefined)
  rmdirSync(spare)
  if (digestOfLines(linesOf(files, here.tree)) !== info.digest)
    throw damaged(there.tree, "its copy does not fit the layer's digest; repair its volume first")
  const { bytes } = await bring(files, { from: fromPool, to: toPool, trees: [here.tree], scratch }, progress)
  copyIfThere(there.manifest, here.manifest)
  copyIfThere(there.record, here.record)
  const arrived = { ...info, newPoolBytes: bytes }
  writeFileSync(here.info, toJson(arrived), { mode: 0o600 })
  syncFileSystem(files, to)
  return arrived
}

function copyIfThere(from: string, to: string): void {
  try {
    copyFileSync(from, to)
    chmodSync(to, 0o600)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error
  }
}
