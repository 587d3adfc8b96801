/** Looks at a whole volume and says what is wrong. Reads only. */

import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import { readAreaInfo } from '../area-file.ts'
import { readablePath } from '../build/entry.ts'
import { hashFile } from '../build/hash.ts'
import { scan } from '../build/scan.ts'
import { poolSize } from '../build/verify.ts'
import { errnoOf } from '../errors.ts'
import { readLayerInfo } from '../layer-file.ts'
import { areaIdOf, digestOfKey, poolKey } from '../names.ts'
import { type VolumePaths, volumePaths } from '../volume-paths.ts'
import type { Damage } from '../vzfs.ts'

export interface CheckJob {
  readonly volume: string
  readonly contents: boolean
}

export async function checkVolume(files: FileCalls, { volume, contents }: CheckJob): Promise<Damage[]> {
  const paths = volumePaths(volume)
  const found: Damage[] = []
  const report = (path: string, problem: string): void => void found.push({ path, problem })
  const layers = new Set(readdirSync(paths.layers))
  for (const name of layers) await checkLayer(files, paths, name, report)
  for (const name of readdirSync(paths.areas)) await checkArea(paths, name, layers, report)
  checkPool(paths.pool, contents, report)
  return found
}

type Report = (path: string, problem: string) => void

async function checkLayer(files: FileCalls, paths: VolumePaths, name: string, report: Report): Promise<void> {
  const { directory, tree, info } = paths.layer(name)
  try {
    if ((await readLayerInfo(info, name)) === null) return report(directory, 'it has no layer.json')
    for (const { path, size, stub } of scan(files, Buffer.from(tree))) {
      if (stub === null) continue
      const held = poolSize(Buffer.from(paths.pool), stub)
      if (held === null) report(join(tree, readablePath(path)), `its contents ${poolKey(stub)} are not in the pool`)
      else if (held !== size)
        report(join(tree, readablePath(path)), `it has ${size} bytes, its contents in the pool have ${held}`)
    }
  } catch (error) {
    report(directory, messageOf(error))
  }
}

async function checkArea(paths: VolumePaths, name: string, layers: ReadonlySet<string>, report: Report): Promise<void> {
  const id = areaIdOf(name)
  if (id === null) return report(join(paths.areas, name), 'it is not an area')
  const { directory, upper, work, info } = paths.area(id)
  try {
    const area = await readAreaInfo(info, id)
    if (area === null) return report(directory, 'it has no area.json')
    for (const layer of area.layers) if (!layers.has(layer)) report(directory, `its layer ${layer} does not exist`)
    for (const part of [upper, work]) if (!isDirectory(part)) report(part, 'it is missing')
  } catch (error) {
    report(directory, messageOf(error))
  }
}

function checkPool(pool: string, contents: boolean, report: Report): void {
  for (const prefix of readdirSync(pool)) {
    for (const rest of readdirSync(join(pool, prefix))) {
      const path = join(pool, prefix, rest)
      const digest = digestOfKey(`/${prefix}/${rest}`)
      if (digest === null || !lstatSync(path).isFile()) report(path, 'it does not belong into the pool')
      else if (contents && Buffer.from(hashFile(Buffer.from(path))).toString('hex') !== digest) {
        report(path, 'it does not hold what its name says')
      }
    }
  }
}

function isDirectory(path: string): boolean {
  try {
    return lstatSync(path).isDirectory()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
