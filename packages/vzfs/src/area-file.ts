/** area.json: read with distrust, because what is on a disk can be anything. */

import { lstat } from 'node:fs/promises'
import { errnoOf, VzfsError } from './errors.ts'
import { parseBase, parseLayerName } from './names.ts'
import { damaged, isRecord, readJson } from './json-file.ts'
import type { AreaInfo, AreaProblem } from './vzfs.ts'

export async function areaProblem(
  { directory, info }: { directory: string; info: string },
  id: number,
): Promise<AreaProblem | null> {
  try {
    if ((await readAreaInfo(info, id)) !== null) return null
  } catch (error) {
    if (!(error instanceof VzfsError)) throw error
    return { message: error.message, mendable: true }
  }
  const there = await lstat(directory).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  })
  return there ? { message: `${info} is missing`, mendable: true } : { message: `${directory} is missing`, mendable: false }
}

export async function readAreaInfo(path: string, id: number): Promise<AreaInfo | null> {
  const value = await readJson(path)
  if (value === undefined) return null
  if (!isRecord(value)) throw damaged(path, 'it is not an object')
  const { base, layers } = value
  if (value.id !== id) throw damaged(path, `it is about ${JSON.stringify(value.id)}`)
  if (typeof base !== 'number') throw damaged(path, `base is ${JSON.stringify(base)}`)
  if (!Array.isArray(layers) || layers.length === 0) throw damaged(path, `layers is ${JSON.stringify(layers)}`)
  try {
    return { id, base: parseBase(base), layers: layers.map((layer) => parseLayerName(String(layer))) }
  } catch (error) {
    throw damaged(path, error instanceof Error ? error.message : String(error), error)
  }
}
