/** What the areas of `tenants-work.ts` hold, and what they may hold after a loss of power. */

import assert from 'node:assert/strict'
import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import { filled } from './awkward-tree.ts'
import { REDIRECT } from '../build/stub.ts'
import { volumePaths } from '../volume-paths.ts'
import type { Vzfs } from '../vzfs.ts'

export const FILES = 12

export const baseOf = (area: number): number => area * 65_536

export const contentsOf = (state: number, nth: number): Buffer => filled(6000 + nth, state * 100 + nth)

/** What a clone is given before anybody knows it, and its contents. */
export const IDENTITY = 'identity'
export const OF_CLONE = 'of the clone'

export type Told =
  /** On the disk. */
  | { readonly area: number; readonly state: number }
  /** From now on, as a whole or file by file. */
  | { readonly area: number; readonly maybe: number; readonly whole: boolean }
  | { readonly area: number; readonly snapshot: string; readonly state: number }
  | { readonly area: number; readonly removing: string }
  /** What it consists of; `maybe` that from now on. */
  | { readonly area: number; readonly layer: string; readonly sure: boolean }
  /** An area that is a copy of another of that state: made from now on, there, or made away with from now on. */
  | { readonly clone: number; readonly state: number; readonly is: 'begun' | 'there' | 'leaving' }

export interface Expected {
  /** States that each of its files may be of; of the same one if `whole`. */
  readonly states: readonly number[]
  readonly whole: boolean
  readonly snapshots: ReadonlyMap<string, number>
  readonly layers: readonly string[]
}

/** null: it has not been filled for the first time yet. */
export function expected(told: readonly Told[], area: number): Expected | null {
  let states: number[] = []
  let isFilled = false
  let whole = true
  let layers: string[] = []
  const snapshots = new Map<string, number>()
  for (const one of told) {
    if (!('area' in one) || one.area !== area) continue
    if ('snapshot' in one) snapshots.set(one.snapshot, one.state)
    else if ('removing' in one) snapshots.delete(one.removing)
    else if ('layer' in one) layers = one.sure ? [one.layer] : [...layers, one.layer]
    else if ('maybe' in one) {
      states.push(one.maybe)
      whole = one.whole
    } else {
      states = [one.state]
      whole = true
      isFilled = true
    }
  }
  return isFilled ? { states, whole, snapshots, layers } : null
}

/** The state that a file is of, as its owner would read it; null when it is of none of these. */
export function stateOf(
  files: FileCalls,
  { pool, upper, links }: { pool: string; upper: string; links: string },
  nth: number,
  states: readonly number[],
): number | null {
  const found = bytesAt(join(upper, `f${nth}`)) ?? linked()
  return states.find((state) => found?.equals(contentsOf(state, nth)) === true) ?? null

  function linked(): Buffer | null {
    const stub = join(links, `f${nth}`)
    if (bytesAt(stub) === null) return null
    return bytesAt(pool + (files.getXattr(Buffer.from(stub), REDIRECT)?.toString() ?? ''))
  }
}

/**
 * Asserts that each area, snapshot and copy on a volume is what it may be.
 * @param before what had been told when the power went, `after` what may have been begun by then
 */
export async function requireOwn(
  files: FileCalls,
  vzfs: Vzfs,
  before: readonly Told[],
  after: readonly Told[],
  count: (what: string) => void,
): Promise<void> {
  const paths = volumePaths(vzfs.path)
  for (const area of [1, 2]) {
    const [sure, late] = [expected(before, area), expected(after, area)]
    if (sure === null || late === null) continue
    const begun = after.slice(before.length)
    const states = [...new Set([...sure.states, ...begun.flatMap((told) => statesIn(told, area)), ...late.states])]
    const found = Array.from({ length: FILES }, (_, nth) =>
      stateOf(files, { pool: paths.pool, ...paths.area(area) }, nth, states),
    )
    assert.ok(!found.includes(null), `area ${area} has files of states ${found.join(' ')}, and should have ${states.join(' ')}`)
    if (sure.whole && late.whole && sure.states.length === late.states.length)
      assert.equal(new Set(found).size, 1, `area ${area} is of several states: ${found.join(' ')}`)
    const layers = [...sure.layers, ...begun.flatMap((told) => ('layer' in told && told.area === area ? [told.layer] : []))]
    const [layer = ''] = (await vzfs.areas.show(area))?.layers ?? []
    assert.ok(layers.includes(layer), `area ${area} consists of ${layer}, and should of ${layers.join(' or ')}`)
    count(states.length > 1 || layers.length > 1 ? 'in the middle of a change' : 'at rest')
    for (const [name, state] of sure.snapshots) {
      if (!late.snapshots.has(name)) continue
      await vzfs.snapshots.show(area, name)
      const own = paths.area(area).snapshot(name)
      for (let nth = 0; nth < FILES; nth++) assert.equal(stateOf(files, { pool: paths.pool, ...own }, nth, [state]), state, name)
      count('snapshots')
    }
  }
  for (const [id, { state, is }] of clonesIn(before)) {
    const leaving = clonesIn(after).get(id)?.is === 'leaving'
    const there = (await vzfs.areas.show(id)) !== null
    if (is === 'there' && !leaving) assert.ok(there, `the copy ${id} is gone`)
    if (!there) continue
    const own = paths.area(id)
    for (let nth = 0; nth < FILES; nth++)
      assert.equal(stateOf(files, { pool: paths.pool, ...own }, nth, [state]), state, `the copy ${id}`)
    assert.equal(lstatSync(own.upper).uid, baseOf(id))
    count('copies')
  }
}

function clonesIn(told: readonly Told[]) {
  return new Map(told.flatMap((one) => ('clone' in one ? [[one.clone, one] as const] : [])))
}

function statesIn(told: Told, area: number): number[] {
  if (!('area' in told) || told.area !== area || 'snapshot' in told || 'removing' in told || 'layer' in told) return []
  return ['maybe' in told ? told.maybe : told.state]
}

function bytesAt(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
