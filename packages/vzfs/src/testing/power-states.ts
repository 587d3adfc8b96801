/** What the areas of `power-tenants.ts` hold, and what they may hold after a loss of power. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FileCalls } from '@insula/kernel'
import { filled } from './awkward-tree.ts'
import { REDIRECT } from '../build/stub.ts'

export const FILES = 12

export const contentsOf = (state: number, nth: number): Buffer => filled(6000 + nth, state * 100 + nth)

export type Told =
  /** On the disk. */
  | { readonly area: number; readonly state: number }
  /** From now on, as a whole or file by file. */
  | { readonly area: number; readonly maybe: number; readonly whole: boolean }
  | { readonly area: number; readonly snapshot: string; readonly state: number }
  | { readonly area: number; readonly removing: string }

export interface Expected {
  /** States that each of its files may be of; of the same one if `whole`. */
  readonly states: readonly number[]
  readonly whole: boolean
  readonly snapshots: ReadonlyMap<string, number>
}

export function expected(told: readonly Told[], area: number): Expected | null {
  let states: number[] = []
  let whole = true
  const snapshots = new Map<string, number>()
  for (const one of told) {
    if (one.area !== area) continue
    if ('snapshot' in one) snapshots.set(one.snapshot, one.state)
    else if ('removing' in one) snapshots.delete(one.removing)
    else if ('maybe' in one) {
      states.push(one.maybe)
      whole = one.whole
    } else {
      states = [one.state]
      whole = true
    }
  }
  return states.length === 0 ? null : { states, whole, snapshots }
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

function bytesAt(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
