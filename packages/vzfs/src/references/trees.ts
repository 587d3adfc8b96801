/**
 * Every tree of a volume that may hold stubs: layers, the areas' own metadata layers, and those that their snapshots keep. Each *holder* (a layer, an area)
 * has a sign that is another one when its trees may have changed.
 */

import { type BigIntStats, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '../errors.ts'
import type { VolumePaths } from '../volume-paths.ts'

export interface Holder {
  readonly kind: 'layer' | 'area'
  readonly name: string
  readonly directory: string
  /** null: it changed so lately that a further change might not show. */
  readonly sign: string | null
  readonly trees: readonly string[]
}

/** Times of files go by ticks of the kernel's clock, and clocks are set. */
const LATELY_NS = 2_000_000_000n

/** @param now nanoseconds since the epoch */
export function holders(paths: VolumePaths, now = BigInt(Date.now()) * 1_000_000n): Holder[] {
  const layers = readdirSync(paths.layers).map((name): Holder => {
    const { directory, tree } = paths.layer(name)
    return { kind: 'layer', name, directory, sign: signOf([lookAt(directory)], now), trees: [tree] }
  })
  const areas = readdirSync(paths.areas).map((name): Holder => {
    const directory = join(paths.areas, name)
    const snapshots = join(directory, 'snapshots')
    // Before its trees are listed, so that what changes from here on shows.
    const sign = signOf([lookAt(directory), lookAt(snapshots)], now)
    const kept = namesIn(snapshots).map((snapshot) => join(snapshots, snapshot, 'links'))
    return { kind: 'area', name, directory, sign, trees: [...LINKS.map((links) => join(directory, links)), ...kept] }
  })
  return [...layers, ...areas]
}

/** The others are there while a relink or a rollback is under way, and for as long as it cannot be finished. */
const LINKS = ['links', 'links.new', 'links.old', 'rollback/links', 'rollback/before/links'] as const

export const holderKey = ({ kind, name }: Holder): string => `${kind} ${name}`

function signOf(looks: readonly (BigIntStats | null)[], now: bigint): string | null {
  if (looks.some((stats) => stats !== null && stats.ctimeNs > now - LATELY_NS)) return null
  return looks.map((stats) => (stats === null ? '-' : `${stats.ino}:${stats.ctimeNs}`)).join(' ')
}

function lookAt(path: string): BigIntStats | null {
  try {
    return lstatSync(path, { bigint: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null
    throw error
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return []
    throw error
  }
}
