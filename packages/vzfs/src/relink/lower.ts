/**
 * Where overlayfs finds the lower side of something: a reading of its lookup (fs/overlayfs/namei.c) for one area. The area's own layer, the old
 * `links`, comes first and may send the lookup elsewhere or end it; the layers of templates below are reached by one path.
 *
 * Paths are relative, latin1, "" for the root.
 */

import { type BigIntStats, lstatSync } from 'node:fs'
import type { FileCalls } from '@insula/kernel'
import { entryPath } from '../build/entry.ts'
import { errnoOf } from '../errors.ts'
import { digestOfKey } from '../names.ts'
import { isMetacopy, isOpaque, isWhiteout, redirectOf } from './marks.ts'

/** The lower side of a directory, or of a name in one. */
export interface Place {
  /** In the area's old links; null when there is nothing of it. */
  readonly own: string | null
  /** In the layers of templates; null when the lookup does not get there. Nothing need be there. */
  readonly shared: string | null
}

export const ROOT: Place = { own: '', shared: '' }

/** What a metadata copy shows: contents of the pool, or a real file of a template's layer. */
export type Contents =
  | { readonly kind: 'pool'; readonly digest: string }
  | { readonly kind: 'layer'; readonly path: string; readonly at: Buffer }

export interface LowerNeed {
  readonly files: FileCalls
  /** null: the area has none. */
  readonly links: Buffer | null
  /** Trees of templates, top first. */
  readonly layers: readonly Buffer[]
}

/** @param redirect of the one above, if it has any */
export function below({ files, links }: LowerNeed, parent: Place, name: string, redirect: string | null): Place {
  const absolute = redirect?.startsWith('/') === true
  const from = absolute ? ROOT : parent
  const names = absolute ? redirect.slice(1).split('/') : [redirect ?? name]
  let shared = from.shared === null ? null : join(from.shared, ...names)
  if (links === null || from.own === null) return { own: null, shared }
  let own = from.own
  for (const [index, part] of names.entries()) {
    own = join(own, part)
    const last = index === names.length - 1
    const path = entryPath(links, own)
    const stats = statOrNull(path)
    if (stats === null) return { own: null, shared }
    if (isWhiteout(stats)) return { own: null, shared: null }
    if (!stats.isDirectory()) {
      if (!last) return { own: null, shared: null }
      return { own, shared: null }
    }
    if (isOpaque(files, path)) shared = null
    else {
      const further = redirectOf(files, path)
      if (further !== null) shared = followed(shared, further, names.slice(index + 1))
    }
  }
  return { own, shared }
}

/** An own layer's redirects that this program writes are absolute; those are followed out of an opaque directory, too. */
function followed(shared: string | null, redirect: string, rest: readonly string[]): string | null {
  if (redirect.startsWith('/')) return join(redirect.slice(1), ...rest)
  if (shared === null) return null
  const above = shared.split('/').slice(0, -1 - rest.length)
  return join(above.join('/'), redirect, ...rest)
}

/** Of a regular file's lower side; null when overlayfs would find nothing to show. */
export function contentsAt(need: LowerNeed, { own, shared }: Place): Contents | null {
  if (own !== null && need.links !== null) {
    const target = redirectOf(need.files, entryPath(need.links, own)) ?? ''
    const digest = digestOfKey(target)
    if (digest !== null) return { kind: 'pool', digest }
    return target.startsWith('/') ? contentsInLayers(need, target.slice(1)) : null
  }
  return shared === null ? null : contentsInLayers(need, shared)
}

export function contentsInLayers({ files, layers }: Omit<LowerNeed, 'links'>, path: string): Contents | null {
  for (const layer of layers) {
    const { found, stop } = inLayer(files, layer, path)
    if (found?.isFile() === true) {
      const at = entryPath(layer, path)
      if (!isMetacopy(files, at)) return { kind: 'layer', path, at }
      const digest = digestOfKey(redirectOf(files, at) ?? '')
      return digest === null ? null : { kind: 'pool', digest }
    }
    if (stop) return null
  }
  return null
}

/** @returns stop: layers below are not asked */
export function inLayer(
  files: FileCalls,
  layer: Buffer,
  path: string,
): { readonly found: BigIntStats | null; readonly stop: boolean } {
  const names = path === '' ? [] : path.split('/')
  let here = ''
  let stop = false
  let stats = statOrNull(layer)
  for (const [index, name] of names.entries()) {
    here = join(here, name)
    const at = entryPath(layer, here)
    stats = statOrNull(at)
    if (stats === null) return { found: null, stop }
    if (isWhiteout(stats)) return { found: null, stop: true }
    if (stats.isDirectory()) stop ||= isOpaque(files, at)
    else if (index < names.length - 1) return { found: null, stop: true }
    else stop = true
  }
  return { found: stats, stop }
}

export const join = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('/')

export function statOrNull(path: Buffer): BigIntStats | null {
  try {
    return lstatSync(path, { bigint: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}
