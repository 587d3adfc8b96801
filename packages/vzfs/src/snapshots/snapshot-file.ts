/** snapshot.json: read with distrust, because what is on a disk can be anything. */

import { readdir } from 'node:fs/promises'
import { errnoOf } from '../errors.ts'
import { damaged, isRecord, readJson } from '../json-file.ts'
import { isSnapshotName, parseLayerName } from '../names.ts'
import type { AreaPaths } from '../volume-paths.ts'
import { SNAPSHOT_CAUSES, type SnapshotInfo } from './snapshot.ts'

export async function readSnapshotInfo(path: string, name: string): Promise<SnapshotInfo | null> {
  const value = await readJson(path)
  if (value === undefined) return null
  if (!isRecord(value)) throw damaged(path, 'it is not an object')
  const wrong = (field: string): Error => damaged(path, `${field} is ${JSON.stringify(value[field])}`)
  const count = (field: string): number => {
    const found = value[field]
    if (typeof found === 'number' && Number.isSafeInteger(found) && found >= 0) return found
    throw wrong(field)
  }
  const moment = (field: string): string => {
    const found = value[field]
    if (typeof found === 'string' && !Number.isNaN(Date.parse(found))) return found
    throw wrong(field)
  }
  if (value['name'] !== name) throw wrong('name')
  const { layers, comment } = value
  const cause = SNAPSHOT_CAUSES.find((one) => one === value['cause'])
  if (cause === undefined) throw wrong('cause')
  if (!Array.isArray(layers) || layers.length === 0) throw wrong('layers')
  if (comment !== null && typeof comment !== 'string') throw wrong('comment')
  try {
    return {
      name,
      cause,
      comment,
      createdAt: moment('createdAt'),
      expiresAt: value['expiresAt'] === null ? null : moment('expiresAt'),
      layers: layers.map((layer) => parseLayerName(String(layer))),
      bytes: count('bytes'),
      inodes: count('inodes'),
    }
  } catch (error) {
    throw damaged(path, error instanceof Error ? error.message : String(error), error)
  }
}

/** Names of the snapshots that an area has, whether they can be read or not. */
export async function snapshotNames({ snapshots }: AreaPaths): Promise<string[]> {
  try {
    return (await readdir(snapshots)).filter(isSnapshotName).sort()
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

/** @throws VzfsError damaged when one cannot be read */
export async function everySnapshot(area: AreaPaths): Promise<SnapshotInfo[]> {
  const found = await Promise.all((await snapshotNames(area)).map((name) => readSnapshotInfo(area.snapshot(name).info, name)))
  return found.filter((snapshot) => snapshot !== null)
}
