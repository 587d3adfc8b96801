/** A layer of an area in the calling thread, without the volume's own guards. */

import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { realFileCalls } from '@insula/kernel'
import { buildLayer } from '../build/build.ts'
import { readArea } from '../from-area/read-area.ts'
import { layerPaths, volumePaths } from '../volume-paths.ts'
import type { OverlayPlan } from '../vzfs.ts'

export async function layerHere(volume: string, plan: OverlayPlan, base: number, name: string): Promise<void> {
  const files = realFileCalls()
  const paths = volumePaths(volume)
  const scratch = mkdtempSync(join(paths.tmp, 'from-area.'))
  const directory = join(scratch, 'layer')
  const { tree } = layerPaths(directory)
  mkdirSync(tree, { recursive: true, mode: 0o700 })
  const job = { plan, base, scratch, tree, without: [] }
  await readArea(files, { ...job, phase: 'take' })
  const build = { name, directory, pool: paths.pool, builtAt: new Date().toISOString(), manifest: null, threads: 1 }
  await buildLayer(files, build, () => {})
  await readArea(files, { ...job, phase: 'confirm' })
  renameSync(directory, paths.layer(name).directory)
  rmSync(scratch, { recursive: true })
}
