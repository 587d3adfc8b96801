/** One layer: the files that describe it, and its tree beside the record of what it was. */

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import { SHARED_FROM_BYTES } from '../build/shared-from.ts'
import { type Entry, entryPath, readablePath } from '../build/entry.ts'
import { scan, soundStub } from '../build/scan.ts'
import { VzfsError } from '../errors.ts'
import { readLayerInfo } from '../layer-file.ts'
import { parseLayerName, poolKey } from '../names.ts'
import { knownLayer } from '../references/known-layer.ts'
import { readRecord, type RecordedEntry } from '../references/layer-record.ts'
import type { VolumePaths } from '../volume-paths.ts'
import { differences } from './compare.ts'
import { type Named, namers } from './named.ts'
import { messageOf, type Report } from './findings.ts'
import { type PoolIndex, statsOf } from './pool-index.ts'

export interface LayerLook {
  readonly files: FileCalls
  readonly paths: VolumePaths
  readonly index: PoolIndex
  readonly report: Report
  /** Contents that something names. */
  readonly named: Named
  /** Files that hold their bytes themselves, to be read by a deep check. */
  readonly small: (file: SmallFile) => void
}

export interface SmallFile {
  /** Absolute, latin1. */
  readonly path: string
  readonly digest: string
  readonly size: number
  readonly layer: string
  readonly entry: string
}

/** Also of later versions: what is not known here is left alone. */
const PARTS = new Set(['tree', 'layer.json', 'manifest.json', 'entries.zst', 'hot.json'])

export async function checkLayer(look: LayerLook, name: string): Promise<void> {
  const { files, paths } = look
  const { directory, tree, info: path, record } = paths.layer(name)
  const report: Report = (damage) => look.report({ ...damage, layer: name })
  if (!isLayerName(name)) return report({ kind: 'leftover', path: directory, problem: 'it is not a layer', repairable: false })
  try {
    checkOutside(directory, report)
    const info = await readLayerInfo(path, name)
    if (info === null) return report({ kind: 'layer-file', path: directory, problem: 'it has no layer.json' })
    try {
      readRecord(record, info.digest)
    } catch (error) {
      if (!(error instanceof VzfsError)) throw error
      report({ kind: 'record', path: record, problem: error.message })
    }
    const known = await knownLayer(files, directory, name).catch((error: unknown) => {
      if (!(error instanceof VzfsError)) throw error
      report({ kind: 'layer-digest', path: tree, problem: error.message, repairable: false })
      return null
    })
    // What it names can still be told.
    const entries = scan(files, Buffer.from(tree), soundStub)
    if (known !== null) compareTree({ ...look, report }, name, tree, known.entries, entries)
    checkContents({ ...look, report }, name, tree, entries, known?.entries ?? [])
  } catch (error) {
    if (existsSync(directory)) report({ kind: 'layer-file', path: directory, problem: messageOf(error) })
  }
}

function checkOutside(directory: string, report: Report): void {
  const wanted = { '': 0o700, tree: null, 'layer.json': 0o600, 'manifest.json': 0o600, 'entries.zst': 0o600 }
  for (const [name, mode] of Object.entries(wanted)) {
    const path = join(directory, name)
    const stats = statsOf(path)
    if (stats === null || mode === null) continue
    if (stats.uid !== 0 || stats.gid !== 0 || (stats.mode & 0o7777) !== mode)
      report({
        kind: 'owner',
        path,
        problem: `it belongs to ${stats.uid}:${stats.gid} with mode ${(stats.mode & 0o7777).toString(8)} instead of 0:0 with ${mode.toString(8)}`,
      })
  }
  for (const name of readdirSync(directory))
    if (!PARTS.has(name)) report({ kind: 'leftover', path: join(directory, name), problem: 'it does not belong to a layer' })
}

function compareTree(
  { files, report, small }: LayerLook,
  layer: string,
  tree: string,
  was: readonly RecordedEntry[],
  now: readonly Entry[],
): void {
  const root = Buffer.from(tree)
  const found = new Map(now.map((entry) => [entry.path, entry] as const))
  const firsts = firstNames(now)
  for (const recorded of was) {
    const entry = found.get(recorded.path)
    const path = join(tree, readablePath(recorded.path))
    found.delete(recorded.path)
    if (entry === undefined) {
      report({
        kind: 'entry',
        path,
        entry: recorded.path,
        problem: 'it is missing',
        ...(recorded.digest === null ? {} : { digest: recorded.digest, size: recorded.size }),
      })
      continue
    }
    for (const { kind, problem } of differences(files, root, recorded, entry, firsts.get(entry.path) ?? entry.path))
      report({
        kind,
        path,
        entry: recorded.path,
        problem,
        ...(recorded.digest === null ? {} : { digest: recorded.digest, size: recorded.size }),
      })
    if (
      recorded.kind === 'file' &&
      recorded.digest !== null &&
      recorded.size < SHARED_FROM_BYTES &&
      entry.stub === null &&
      entry.size === recorded.size
    )
      small({
        path: entryPath(root, recorded.path).toString('latin1'),
        digest: recorded.digest,
        size: recorded.size,
        layer,
        entry: recorded.path,
      })
  }
  for (const extra of found.values())
    report({
      kind: 'extra',
      path: join(tree, readablePath(extra.path)),
      entry: extra.path,
      problem: 'it was not there when the layer was built',
    })
}

/** Every name of a file to the first of them. */
function firstNames(entries: readonly Entry[]): Map<string, string> {
  const byInode = new Map<bigint, string>()
  return new Map(
    entries.map((entry) => {
      const first = entry.links > 1 ? (byInode.get(entry.inode) ?? entry.path) : entry.path
      if (!byInode.has(entry.inode)) byInode.set(entry.inode, entry.path)
      return [entry.path, first] as const
    }),
  )
}

function checkContents(
  { index, report, named }: LayerLook,
  layer: string,
  tree: string,
  now: readonly Entry[],
  was: readonly RecordedEntry[],
): void {
  const lengths = new Map<string, number>()
  for (const { digest, size } of was) {
    if (digest === null) continue
    namers(named, digest).layers.add(layer)
    lengths.set(digest, size)
  }
  for (const { path, size, stub } of now) {
    if (stub === null) continue
    namers(named, stub).layers.add(layer)
    checkNamed(index, report, join(tree, readablePath(path)), { digest: stub, size, length: lengths.get(stub) ?? null })
  }
}

interface Naming {
  readonly digest: string
  /** What the stub says. */
  readonly size: number
  /** How long the contents were when they came into the pool; null when nobody knows. */
  readonly length: number | null
}

/** What a stub names: there, and of its length. */
export function checkNamed(index: PoolIndex, report: Report, path: string, { digest, size, length }: Naming): void {
  const held = index.sizeOf(digest)
  if (held === null) {
    const where = index.quarantined.has(digest) ? 'are damaged, and were moved aside' : 'are not in the pool'
    report({ kind: 'contents', path, digest, size: length ?? size, problem: `its contents ${poolKey(digest)} ${where}` })
  } else if (held !== size) {
    const kind = length === size ? 'contents' : 'stub'
    report({
      kind,
      path,
      digest,
      size,
      repairable: length !== null,
      problem: `it has ${size} bytes, its contents in the pool have ${held}`,
    })
  }
}

function isLayerName(name: string): boolean {
  try {
    return parseLayerName(name) === name
  } catch {
    return false
  }
}
