/** Whose volume it is, written on the volume itself: so that one node never takes another's, nor an empty mount point for a disk that is gone. */

import { randomBytes } from 'node:crypto'
import { chmod, mkdir, rename } from 'node:fs/promises'
import { syncDirectory, writeDurable } from '../durable.ts'
import { damaged, isRecord, readJson, toJson } from '../json-file.ts'
import { volumePaths } from '../volume-paths.ts'

export interface VolumeMark {
  /** Of the node: a word that no other has. */
  readonly node: string
  /** Of the volume there. */
  readonly name: string
}

/** null when there is none. @throws VzfsError damaged */
export async function readMark(volume: string): Promise<VolumeMark | null> {
  const { mark } = volumePaths(volume)
  const value = await readJson(mark)
  if (value === undefined) return null
  if (!isRecord(value) || typeof value['node'] !== 'string' || typeof value['name'] !== 'string')
    throw damaged(mark, 'it does not say whose volume this is')
  return { node: value['node'], name: value['name'] }
}

/** Durable and whole. */
export async function writeMark(volume: string, found: VolumeMark): Promise<void> {
  const { mark } = volumePaths(volume)
  await mkdir(volume, { recursive: true })
  const staged = `${mark}.${randomBytes(8).toString('hex')}`
  await writeDurable(staged, toJson(found))
  await chmod(staged, 0o600)
  await rename(staged, mark)
  await syncDirectory(volume)
}
