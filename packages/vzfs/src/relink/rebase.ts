/**
 * What keeps an area from moving to other layers. Its private files and links need nothing of a layer; what does are directories that are merged
 * with one of a layer, and metadata copies of small files, which lie in layers themselves. Both have to find the like in the new layers.
 */

import { basename, dirname } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import { entryPath, readablePath } from '../build/entry.ts'
import { sameContents } from '../build/same-contents.ts'
import { REDIRECT } from '../build/stub.ts'
import type { Obstacle } from '../errors.ts'
import { digestOfKey } from '../names.ts'
import { knownLayer } from '../references/known-layer.ts'
import type { RecordedEntry } from '../references/layer-record.ts'
import { areaPaths } from '../volume-paths.ts'
import { hidden } from './hidden.ts'
import { contentsInLayers, inLayer, type LowerNeed, statOrNull } from './lower.ts'
import { type Directory, walk } from './walk.ts'

export interface RebaseJob {
  /** Of the area, relinked. */
  readonly directory: string
  /** Trees, top first. */
  readonly layers: readonly string[]
  readonly newLayers: readonly string[]
  /** Nothing of what differs between the layers may be hidden by the area. */
  readonly whole: boolean
}

export async function obstacles(files: FileCalls, job: RebaseJob): Promise<Obstacle[]> {
  const { directory, layers, newLayers, whole } = job
  const { upper, links } = areaPaths(directory)
  const bytes = (paths: readonly string[]): Buffer[] => paths.map((path) => Buffer.from(path))
  const own = statOrNull(Buffer.from(links)) === null ? null : Buffer.from(links)
  const before: LowerNeed = { files, links: own, layers: bytes(layers) }
  const after = { files, layers: bytes(newLayers) }
  const found: Obstacle[] = []
  const report = (path: string, why: string): void => void found.push({ path: `/${readablePath(path)}`, why })
  const look = (here: Directory): void => {
    const { path, place, copies, leaning, kept, directories } = here
    if (place.shared !== null) {
      const why = differs(kindAt(before, place.shared), kindAt(after, place.shared))
      if (why !== null) report(path, why)
    }
    for (const copy of copies) if (copy.contents.kind === 'pool' && !copy.linked) report(copy.path, 'has not been relinked')
    const small = [
      ...leaning,
      ...copies.flatMap(({ path: at, contents }) => (contents.kind === 'layer' ? [{ path: at, on: contents.path }] : [])),
      ...kept.flatMap(({ path: at, from }) => leaningLink(files, own, at, from)),
    ]
    for (const { path: at, on } of small)
      if (!isSame(before, after, on)) report(at, 'has its contents from a file that is another in the new layers')
    for (const child of directories) look(child)
  }
  look(walk(before, Buffer.from(upper)))
  if (whole) {
    const trees = [Buffer.from(upper), ...(own === null ? [] : [own])]
    const inTheWay = hidden(files, trees, await recordsOf(files, layers), await recordsOf(files, newLayers))
    found.push(...inTheWay.filter(({ path }) => !found.some((known) => known.path === path)))
  }
  return found
}

async function recordsOf(files: FileCalls, trees: readonly string[]): Promise<(readonly RecordedEntry[])[]> {
  const known: (readonly RecordedEntry[])[] = []
  for (const tree of trees) {
    const directory = dirname(tree)
    known.push((await knownLayer(files, directory, basename(directory)))?.entries ?? [])
  }
  return known
}

function leaningLink(files: FileCalls, links: Buffer | null, path: string, from: string): { path: string; on: string }[] {
  if (links === null) return []
  const at = entryPath(links, from)
  const target = statOrNull(at)?.isFile() === true ? files.getXattr(at, REDIRECT)?.toString('latin1') : undefined
  return target === undefined || digestOfKey(target) !== null ? [] : [{ path, on: target.slice(1) }]
}

type Kind = 'directory' | 'other' | 'nothing'

function kindAt({ files, layers }: Omit<LowerNeed, 'links'>, path: string): Kind {
  for (const layer of layers) {
    const { found, stop } = inLayer(files, layer, path)
    if (found !== null) return found.isDirectory() ? 'directory' : 'other'
    if (stop) return 'nothing'
  }
  return 'nothing'
}

function differs(before: Kind, after: Kind): string | null {
  if (before === 'directory' && after !== 'directory') return 'holds private files in a directory that the new layers do not have'
  if (before !== 'directory' && after === 'directory') return 'is a directory of its own, and the new layers have one there'
  return null
}

function isSame(before: LowerNeed, after: Omit<LowerNeed, 'links'>, path: string): boolean {
  const [was, is] = [contentsInLayers(before, path), contentsInLayers(after, path)]
  return was?.kind === 'layer' && is?.kind === 'layer' && sameContents(was.at, is.at)
}
