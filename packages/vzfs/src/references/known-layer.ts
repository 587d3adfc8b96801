/** The record of a layer, made now when an earlier version built the layer. For threads. */

import { existsSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { entryPath } from '../build/entry.ts'
import { hashFile } from '../build/hash.ts'
import { regularFiles } from '../build/inodes.ts'
import { digestOfLines, layerLines } from '../build/layer-digest.ts'
import { scan } from '../build/scan.ts'
import { VzfsError } from '../errors.ts'
import { damaged } from '../json-file.ts'
import { readLayerInfo } from '../layer-file.ts'
import { layerPaths } from '../volume-paths.ts'
import type { LayerInfo } from '../vzfs.ts'
import { readRecord, type RecordedEntry, writeRecord } from './layer-record.ts'

export interface KnownLayer {
  readonly info: LayerInfo
  readonly entries: readonly RecordedEntry[]
}

/** null when the layer has gone meanwhile. @throws VzfsError damaged: nobody can say what it should be */
export async function knownLayer(files: FileCalls, directory: string, name: string): Promise<KnownLayer | null> {
  try {
    return await know(files, directory, name)
  } catch (error) {
    if (!existsSync(directory)) return null
    throw error
  }
}

async function know(files: FileCalls, directory: string, name: string): Promise<KnownLayer | null> {
  const { info: path, record, tree } = layerPaths(directory)
  const info = await readLayerInfo(path, name)
  if (info === null) throw damaged(directory, 'it has no layer.json')
  const entries = recordOf(record, info.digest)
  if (entries !== null) return { info, entries }
  const lines = linesOf(files, tree)
  if (digestOfLines(lines) !== info.digest)
    throw damaged(tree, "it does not fit the layer's digest, and there is no sound record of what it was")
  writeRecord(record, lines)
  return { info, entries: recordOf(record, info.digest) ?? [] }
}

/** What lies there now. */
export function linesOf(files: FileCalls, tree: string): string[] {
  const root = Buffer.from(tree)
  const entries = scan(files, root)
  const contents = new Map(
    regularFiles(entries).map(
      ({ entry }) => [entry.inode, entry.stub ?? hashFile(entryPath(root, entry.path)).toString('hex')] as const,
    ),
  )
  return layerLines(entries, contents)
}

/** null also when it is damaged: the tree may still be sound. */
function recordOf(path: string, digest: string): RecordedEntry[] | null {
  try {
    return readRecord(path, digest)
  } catch (error) {
    if (error instanceof VzfsError) return null
    throw error
  }
}
